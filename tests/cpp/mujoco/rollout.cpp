// Rollouts of MuJoCo's tasks.
#include <atomic>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/task_table.hpp>

#include "../check.hpp"
#include "../episode/point.hpp"

namespace bierl::test {
namespace {

const PolicyShape kPolicy = small_policy(8, 2);

TaskFactory swimmers() { return mujoco::task_factory("Swimmer-v5", {}, assets_folder()); }

Rollout::Settings settings(int threads) {
  Rollout::Settings made;
  made.shape = kPolicy;
  made.max_steps = 20;
  made.threads = threads;
  return made;
}

TEST(swimmers_are_the_same_on_two_threads, threads) {
  Rollout one(swimmers(), settings(1)), two(swimmers(), settings(2));
  Evaluation first(12, kPolicy), second(12, kPolicy);
  first.run(one);
  second.run(two);
  CHECK(first == second && first.lengths[3] == 20 && first.returns[3] != 0.0);
}

// One model is shared by all, and models are loaded while others step.
TEST(swimmers_beside_others_that_come_and_go, threads) {
  const TaskFactory shared = swimmers();
  Rollout rollout(shared, settings(2));
  Evaluation expected(12, kPolicy);
  expected.run(rollout);
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (const bool loads : {false, true}) {
    others.emplace_back([&, loads] {
      while (!done) {
        Rollout brief(loads ? swimmers() : shared, settings(1));
        Evaluation own(12, kPolicy);
        own.run(brief);
        CHECK(own == expected);
      }
    });
  }
  Evaluation own(12, kPolicy);
  for (int repeat = 0; repeat < 5; ++repeat) own.run(rollout);
  done = true;
  for (std::thread& other : others) other.join();
  CHECK(own == expected);
}

TEST(swimmers_are_interrupted_and_go_on, threads) {
  Rollout::Settings endless = settings(2);
  endless.max_steps = 2'000'000'000;
  Rollout rollout(swimmers(), endless);
  Evaluation evaluation(12, kPolicy);
  CHECK(MESSAGE_OF(Interrupted, evaluation.run(rollout, [] { return false; })) == "interrupted");
  Rollout brief(swimmers(), settings(2));
  evaluation.run(brief);
  CHECK(evaluation.lengths[0] == 20);
}

TEST(a_swimmer_stepped_by_two_threads, threads) {
  EnvCore env(swimmers());
  std::vector<double> observation(8);
  env.reset(observation);
  const std::vector<float> action(2, 0.5F);
  std::thread other([&] {
    std::vector<double> seen(8);
    for (int i = 0; i < 50; ++i) env.step(action, seen);
  });
  for (int i = 0; i < 50; ++i) {
    env.step(action, observation);
    CHECK(env.info().values.size() > 0);
  }
  other.join();
  CHECK(env.elapsed_steps() == 100);
}

}  // namespace
}  // namespace bierl::test
