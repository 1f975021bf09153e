// Every native task.
#include <cmath>
#include <memory>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/task_table.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

using namespace bierl::mujoco;

/// A real error in the middle of a step of the simulation's own state: no memory left for the stack.
void step_without_memory(void* argument) {
  auto* simulation = static_cast<Simulation*>(argument);
  simulation->data()->narena = 512;
  mj_step(simulation->model(), simulation->data());
}

/// The state of an episode after a reset with this seed and a few steps.
std::vector<double> episode(Task& task, std::uint64_t seed) {
  NumpyRandom random(seed);
  std::vector<double> observation(static_cast<std::size_t>(task.observation_size()));
  std::vector<float> action(static_cast<std::size_t>(task.action_size()), 0.3F);
  task.reset(random);
  for (int i = 0; i < 20; ++i) task.step(action.data());
  task.observe(observation.data());
  CHECK(!task.diverged());
  return observation;
}

TEST(every_task) {
  CHECK(task_table().size() == 12);
  for (const TaskEntry& entry : task_table()) {
    const auto simulation = std::make_shared<Simulation>(load_task_model(entry.id, assets_folder()));
    const auto task = make_task(entry.id, {}, simulation);
    const auto first = episode(*task, 7);
    const auto memory = simulation->data()->narena;
    CHECK(!task->guarded(step_without_memory, simulation.get()));
    CHECK(contains(task->error(), "memory"));
    simulation->data()->narena = memory;
    const auto again = episode(*task, 7);  // reset repairs what the error left
    CHECK(first == again);
    for (const double value : first) CHECK(std::isfinite(value));
    CHECK(first != episode(*task, 8));
  }
}

TEST(divergence_shows) {
  EnvCore env(task_factory("HalfCheetah-v5", {}, assets_folder()));
  std::vector<double> observation(17);
  std::vector<float> action(6);
  env.reset(observation);
  env.step(action, observation);
  CHECK(!env.diverged());
  action[2] = std::nanf("");
  env.step(action, observation);
  CHECK(env.diverged());
  env.reset(observation);
  CHECK(!env.diverged());
}

TEST(errors_say_what_to_do) {
  CHECK(contains(MESSAGE_OF(ArgumentError, find_task("HalfCheeta-v5")), "did you mean 'HalfCheetah-v5'?"));
  CHECK(contains(MESSAGE_OF(ArgumentError, check_options("Ant-v5", {{"healthy_z_rang", 1.0}})),
                 "did you mean 'healthy_z_range'?"));
  CHECK(contains(MESSAGE_OF(ArgumentError, check_options("Ant-v5", {{"xml_file", std::string("a.xml")}})),
                 "does not support the option 'xml_file' natively"));
  CHECK(contains(MESSAGE_OF(SimulationError, load_model(assets_folder() + "/no_such.xml")), "no_such.xml"));
  EnvCore env(task_factory("Swimmer-v5", {}, assets_folder()));
  std::vector<double> observation(8);
  std::vector<float> action(3);
  CHECK(contains(MESSAGE_OF(ArgumentError, env.step(action, observation)), "reset must be called before step"));
  env.reset(observation);
  CHECK(contains(MESSAGE_OF(ShapeError, env.step(action, observation)), "action has 3 elements, expected 2"));
}

}  // namespace
}  // namespace bierl::test
