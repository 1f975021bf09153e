// test_tasks DATA ASSETS: the native tasks without Python.
//   DATA    tests/data
//   ASSETS  Gymnasium's folder of model files
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/task_table.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>

#include "check.hpp"

namespace {

using namespace bierl;
using namespace bierl::mujoco;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void test_numpy_random(const std::string& data) {
  std::ifstream file(data + "/numpy_random.txt");
  int seeds = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::uint64_t seed = 0;
    std::uint64_t raw = 0;
    words >> seed;
    NumpyRandom bits(seed);
    for (int i = 0; i < 2; ++i) {
      words >> raw;
      CHECK(bits.next_uint64() == raw);
    }
    NumpyRandom random(seed);
    std::string hex;
    for (int i = 0; words >> hex; ++i) {
      const double want = std::strtod(hex.c_str(), nullptr);
      CHECK((i < 2 ? random.uniform(-0.1, 0.1) : random.standard_normal()) == want);
    }
    ++seeds;
  }
  CHECK(seeds == 9);
}

void test_numpy_sum(const std::string& data) {
  std::ifstream file(data + "/numpy_sum.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    int count = 0;
    std::string wide;
    std::string narrow;
    words >> count >> wide >> narrow;
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(1.0 / (i + 1));
    const std::vector<float> floats(values.begin(), values.end());
    CHECK(tasks::sum_of_squares(values.data(), count) == std::strtod(wide.c_str(), nullptr));
    CHECK(tasks::sum_of_squares(floats.data(), count) == std::strtof(narrow.c_str(), nullptr));
    ++lines;
  }
  CHECK(lines == 10);
}

void raise_error(const mjModel*, mjData*, int, void*) { mju_error("raised by the test"); }
void count_up(const mjModel*, mjData*, int, void* argument) { ++*static_cast<int*>(argument); }

/// A real error in the middle of a step of the simulation's own state: no memory left for the stack.
void step_without_memory(const mjModel*, mjData*, int, void* argument) {
  auto* simulation = static_cast<Simulation*>(argument);
  simulation->data()->narena = 512;
  mj_step(simulation->model(), simulation->data());
}

void test_guard(const Model& model) {
  Guard guard(model.get());
  int count = 0;
  CHECK(guard.run(count_up, &count));
  CHECK(!guard.run(raise_error, nullptr));
  CHECK(contains(guard.error(), "raised by the test"));
  CHECK(guard.run(count_up, &count));
  CHECK(guard.error().empty());
  CHECK(count == 2);
}

void test_two_guards_in_two_threads(const Model& model) {
  std::vector<int> passed(2);
  std::vector<int> caught(2);
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < 2; ++who) {
    threads.emplace_back([&, who] {
      Guard guard(model.get());
      for (int i = 0; i < 500; ++i) {
        guard.run(count_up, &passed[who]);
        if (!guard.run(raise_error, nullptr)) ++caught[who];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t who = 0; who < 2; ++who) CHECK(passed[who] == 500 && caught[who] == 500);
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

void test_every_task(const std::string& assets) {
  CHECK(task_table().size() == 12);
  for (const TaskEntry& entry : task_table()) {
    const auto simulation = std::make_shared<Simulation>(load_task_model(entry.id, assets));
    const auto task = make_task(entry.id, {}, simulation);
    const auto first = episode(*task, 7);
    const auto memory = simulation->data()->narena;
    CHECK(!simulation->guard().run(step_without_memory, simulation.get()));
    CHECK(contains(simulation->guard().error(), "memory"));
    simulation->data()->narena = memory;
    const auto again = episode(*task, 7);  // reset repairs what the error left
    CHECK(first == again);
    for (const double value : first) CHECK(std::isfinite(value));
    CHECK(first != episode(*task, 8));
  }
}

void test_divergence_shows(const std::string& assets) {
  EnvCore env(task_factory("HalfCheetah-v5", {}, assets));
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

void test_errors_say_what_to_do(const std::string& assets) {
  CHECK(contains(MESSAGE_OF(ArgumentError, find_task("HalfCheeta-v5")), "did you mean 'HalfCheetah-v5'?"));
  CHECK(contains(MESSAGE_OF(ArgumentError, check_options("Ant-v5", {{"healthy_z_rang", 1.0}})),
                 "did you mean 'healthy_z_range'?"));
  CHECK(contains(MESSAGE_OF(ArgumentError, check_options("Ant-v5", {{"xml_file", std::string("a.xml")}})),
                 "does not support the option 'xml_file' natively"));
  CHECK(contains(MESSAGE_OF(SimulationError, load_model(assets + "/no_such.xml")), "no_such.xml"));
  EnvCore env(task_factory("Swimmer-v5", {}, assets));
  std::vector<double> observation(8);
  std::vector<float> action(3);
  CHECK(contains(MESSAGE_OF(ArgumentError, env.step(action, observation)), "reset must be called before step"));
  env.reset(observation);
  CHECK(contains(MESSAGE_OF(ShapeError, env.step(action, observation)), "action has 3 elements, expected 2"));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: test_tasks DATA ASSETS\n");
    return 2;
  }
  const std::string data = arguments[1];
  const std::string assets = arguments[2];
  test_numpy_random(data);
  test_numpy_sum(data);
  const Model model = load_task_model("InvertedPendulum-v5", assets);
  test_guard(model);
  test_two_guards_in_two_threads(model);
  test_every_task(assets);
  test_divergence_shows(assets);
  test_errors_say_what_to_do(assets);
  return bierl::test::verdict();
}
