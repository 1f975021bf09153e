// Terms that are code: libraries, and compiled functions.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/task_table.hpp>
#include <bierl/mujoco/terms/code.hpp>
#include <bierl/mujoco/terms/fields.hpp>
#include <bierl/mujoco/terms/plugin.hpp>
#include <bierl/mujoco/terms/term_task.hpp>

#include "../check.hpp"

namespace {

using bierl::ArgumentError;
using bierl::EnvCore;
using bierl::FunctionAddress;
using bierl::OptionTable;
using bierl::TaskOptions;
using bierl::mujoco::terms::kId;
using Terms = std::vector<OptionTable>;
using bierl::test::assets_folder;
using bierl::test::contains;

std::string text(const std::string& value) { return value; }

std::string library(const std::string& term) { return std::string(BIERL_TEST_TERMS) + ":" + term; }

TaskOptions pendulum(TaskOptions term) {
  return {{"name", text("pole")},
          {"model", assets_folder() + "/inverted_pendulum.xml"},
          {"frame_skip", std::int64_t{2}},
          {"episode_steps", std::int64_t{100}},
          {"observation", Terms{{{{"term", text("joint_positions")}}}, {std::move(term)}}},
          {"reward", Terms{{{{"term", text("alive")}}}}},
          {"reset", Terms{{{{"term", text("joint_positions")}, {"scale", 0.1}}}}}};
}

EnvCore make(const TaskOptions& options) { return EnvCore(bierl::mujoco::task_factory(kId, options, "")); }

std::string refusal(const TaskOptions& term) { return MESSAGE_OF(ArgumentError, make(pendulum(term))); }

// The sum of the positions, how many there are, and the seconds of a step.
void summed(double* out, std::int64_t, const double* const* fields, const std::int64_t* rows) {
  out[0] = 0.0;
  for (std::int64_t i = 0; i < rows[2]; ++i) out[0] += fields[2][i];
  out[1] = static_cast<double>(rows[2]);
  out[2] = *fields[1];
}

void silent(double*, std::int64_t, const double* const*, const std::int64_t*) {}

TaskOptions compiled(bierl::mujoco::terms::CompiledTerm function, std::int64_t size) {
  return {{"term", text("mine:summed")},
          {"function", FunctionAddress{reinterpret_cast<void (*)()>(function)}},
          {"size", size}};
}

}  // namespace

TEST(a_class_of_a_library_is_a_term) {
  EnvCore env = make(pendulum({{"term", library("away")}, {"joint", text("hinge")}, {"angle", 0.5}}));
  std::vector<double> seen(4);
  env.reset(seen);
  const std::vector<float> action(1, 0.4F);
  for (int i = 0; i < 5; ++i) {
    CHECK(seen[2] == seen[1] - 0.5 && seen[3] == seen[2] * seen[2]);
    env.step(action, seen);
  }
}

TEST(a_library_that_cannot_be_used_is_refused) {
  CHECK(contains(refusal({{"term", text("/no/such/libmine.so:away")}}), "there is no library /no/such/libmine.so"));
  CHECK(contains(refusal({{"term", library("awry")}}), "did you mean 'away'?"));
  CHECK(contains(refusal({{"term", library("away")}}), "joint is missing"));
  CHECK(contains(refusal({{"term", library("away")}, {"joint", text("hing")}}), "did you mean 'hinge'?"));
  const std::string other = refusal({{"term", std::string(BIERL_TEST_OTHER_TERMS) + ":away"}});
  CHECK(contains(other, "was built against bierl 0.0.9 and MuJoCo 3.18.1, and this is bierl " BIERL_VERSION));
  CHECK(contains(refusal({{"term", text(BIERL_TEST_NO_TERMS ":away")}}), "has no symbol bierl_terms"));
  CHECK(contains(refusal({{"term", text(BIERL_TEST_TEXT ":away")}}), "the library cannot be loaded"));
}

TEST(a_compiled_function_is_a_term) {
  EnvCore env = make(pendulum(compiled(summed, 3)));
  std::vector<double> seen(5);
  env.reset(seen);
  CHECK(seen[2] == seen[0] + seen[1] && seen[3] == 2.0 && seen[4] == env.control_timestep());
  CHECK(contains(refusal({{"term", text("mine:summed")}}), "its function was not compiled"));
  CHECK(contains(refusal({{"term", text("mine:summed")}, {"function", std::int64_t{4096}}}),
                 "function must be left out"));
  CHECK(contains(refusal(compiled(summed, 2)), "it writes more numbers than its size, 2; say in size how many it is"));
}

TEST(a_term_that_is_no_number_fails_its_episode_and_is_named) {
  for (const auto& [term, name] : {std::pair(compiled(silent, 1), "mine:summed"),
                                   std::pair(TaskOptions{{"term", library("fragile")}}, "fragile")}) {
    const auto factory = bierl::mujoco::task_factory(kId, pendulum(term), "");
    const std::unique_ptr<bierl::Task> task = factory.make();
    bierl::NumpyRandom random(0);
    const float action = 1.0F;
    CHECK(task->guarded(
        [](void* argument) {
          const auto& [task_, random_, action_] =
              *static_cast<std::tuple<bierl::Task*, bierl::NumpyRandom*, const float*>*>(argument);
          task_->reset(*random_);
          for (int i = 0; i < 5; ++i) task_->step(action_);
        },
        std::make_unique<std::tuple<bierl::Task*, bierl::NumpyRandom*, const float*>>(task.get(), &random, &action)
            .get()));
    CHECK(task->diverged());
    CHECK(contains(task->complaint(), "pole, observation 2"));
    CHECK(contains(task->complaint(), std::string(name) + ") gave nan"));
  }
}

TEST(fields_have_names_and_rows) {
  const auto model = bierl::mujoco::load_model(assets_folder() + "/ant.xml");
  bierl::mujoco::Simulation simulation(model);
  const bierl::mujoco::terms::Moment moment{
      .model = simulation.model(), .data = simulation.data(), .dt = 0.1, .action = {}, .previous_action = {}};
  const bierl::mujoco::terms::Views with(moment, true), without(moment, false);
  const auto& table = bierl::mujoco::terms::fields();
  for (std::size_t i = 0; i < table.size(); ++i) {
    CHECK(with.rows()[i] == without.rows()[i]);
    const bool forces = std::string(table[i].name) == "cfrc_ext";
    CHECK((with.values()[i] == without.values()[i]) != forces);
    if (forces) CHECK(std::isnan(*without.values()[i]) && with.rows()[i] == model->nbody);
  }
}
