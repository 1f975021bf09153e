// The Box2D tasks on a library without physics (fake/engine.cpp): what is refused, and that a failed assertion ends its
// own row. Beside the real engine they are tested in Python (tests/parity/test_box2d.py), which it needs in its
// process.
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <bierl/box2d/assertions.hpp>
#include <bierl/box2d/task_table.hpp>
#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/episode/rollout.hpp>

#include "../check.hpp"
#include "../episode/point.hpp"

namespace {
std::atomic<int> errors_set{0};
}

// Python's, which the engine calls before it throws: never reached from a task.
extern "C" __attribute__((visibility("default"))) void PyErr_SetString(void*, const char*) { ++errors_set; }

namespace bierl::test {
namespace {

using box2d::Engine;

TaskFactory tasks(const char* id, const TaskOptions& options = {}) {
  return box2d::task_factory(*box2d::look_up(id), options, BIERL_TEST_BOX2D);
}

TEST(a_library_that_is_no_box2d_is_refused) {
  CHECK(contains(MESSAGE_OF(SimulationError, Engine::open("/nowhere/box2d.so")), "Box2D cannot be loaded: "));
  CHECK(contains(MESSAGE_OF(SimulationError, Engine::open("libm.so.6")), "does not export b2_version"));
  CHECK(contains(MESSAGE_OF(SimulationError, Engine::open(BIERL_TEST_BOX2D_3)), "Box2D 3.3 is another engine"));
}

TEST(a_library_is_opened_once) {
  const Engine& first = Engine::open(BIERL_TEST_BOX2D);
  CHECK(&Engine::open(BIERL_TEST_BOX2D) == &first);
}

TEST(every_task_can_be_made_and_stepped) {
  CHECK(box2d::task_table().size() == 4);
  for (const auto& entry : box2d::task_table()) {
    EnvCore env(tasks(entry.id.c_str()));
    std::vector<double> seen(static_cast<std::size_t>(env.observation_size()));
    const std::vector<float> action(static_cast<std::size_t>(env.action_size()));
    CHECK(env.observation_bounds().size() == 2 * seen.size() && env.action_bounds().size() == 2 * action.size());
    env.reset(seen);
    CHECK(!env.step(action, seen).truncated);
  }
  CHECK(box2d::look_up("LunarLander-v9") == nullptr);
}

TEST(options_are_checked) {
  const auto& lander = *box2d::look_up("LunarLander-v3");
  const auto check = [&lander](const TaskOptions& options) { box2d::check_options(lander, options); };
  check({{"gravity", -11.5}, {"continuous", true}});
  CHECK(contains(MESSAGE_OF(ArgumentError, check({{"gravity", -12.0}})), "gravity must be above -12 and below 0"));
  CHECK(contains(MESSAGE_OF(ArgumentError, check({{"wind", 3.0}})), "no option of LunarLander"));
}

void throws(void*) { throw std::runtime_error("not the engine's"); }

TEST(outside_of_a_task_errors_are_pythons_own) {
  const Engine& engine = Engine::open(BIERL_TEST_BOX2D);
  std::string text;
  CHECK(MESSAGE_OF(std::runtime_error, box2d::run_trapped(throws, nullptr, text)) == "not the engine's");
  const box2d::BodyDef nowhere{.position = {NAN, 0}};
  bool passed = false;
  try {
    engine.create_body(nullptr, &nowhere);
  } catch (...) {  // the engine's own, of a type that only it knows
    passed = true;
  }
  CHECK(passed && errors_set == 1);
  errors_set = 0;
}

TEST(a_failed_assertion_is_told_and_a_reset_repairs) {
  EnvCore env(tasks("LunarLander-v3"));
  std::vector<double> seen(8);
  const std::vector<float> still(4);
  int failures = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    env.seed(seed);
    env.reset(seen);  // the first step
    for (int i = 2; i < 5; ++i) env.step(still, seen);
    try {
      env.step(still, seen);
    } catch (const SimulationError& error) {
      ++failures;
      CHECK(std::string(error.what()) == "Box2D: kNormal > b2_epsilon");
      CHECK(contains(MESSAGE_OF(ArgumentError, env.step(still, seen)), "failed earlier"));
    }
  }
  CHECK(failures > 2 && failures < 18);
  CHECK(errors_set == 0);
}

TEST(a_failed_assertion_fails_its_own_row, threads) {
  const PolicyShape shape = small_policy(8, 2);
  std::vector<std::int32_t> first;
  for (const int threads : {1, 3, 7}) {
    Rollout rollout(tasks("LunarLanderContinuous-v3"), {.shape = shape, .max_steps = 9, .threads = threads});
    Evaluation evaluation(60, shape);
    evaluation.run(rollout);
    int failures = 0;
    for (std::size_t row = 0; row < 60; ++row) {
      failures += evaluation.failed(row) ? 1 : 0;
      CHECK(evaluation.lengths[row] == (evaluation.failed(row) ? 3 : 9));
    }
    CHECK(failures > 10 && failures < 50);
    if (first.empty()) first = evaluation.lengths;
    CHECK(evaluation.lengths == first);
  }
  CHECK(errors_set == 0);
}

}  // namespace
}  // namespace bierl::test
