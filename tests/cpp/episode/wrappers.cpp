// A task within wrappers, without a simulator: who is asked what, and what is wrong with a list of wrappers.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/episode/wrappers.hpp>

#include "../check.hpp"
#include "point.hpp"

namespace bierl::test {
namespace {

std::string text(const char* value) { return value; }

TaskOptions repeat(std::int64_t times) { return {{"wrapper", text("RepeatAction")}, {"num_repeats", times}}; }

TaskOptions stack(std::int64_t size) {
  return {{"wrapper", text("FrameStackObservation")}, {"stack_size", size}, {"padding_type", text("zero")}};
}

std::string refusal(const TaskOptions& wrapper) {
  return MESSAGE_OF(ArgumentError, EnvCore(wrapped(points(), {wrapper})));
}

TEST(limits_sizes_and_seconds_are_the_wrapped_tasks) {
  const TaskFactory factory = wrapped(points(), {repeat(4), stack(3), repeat(2)});
  CHECK(factory.max_episode_steps == 4);  // of 30 steps: 8 of 4, then 4 of 2
  EnvCore env(factory);
  CHECK(env.observation_size() == 6);
  CHECK(env.control_timestep() == 8 * 0.1);
  std::vector<double> observation(6);
  env.reset(observation);
  CHECK(observation[0] == 0.0 && observation[3] == 0.0 && observation[4] != 0.0);
  const std::vector<float> action(1, 0.2F);
  double total = 0.0;
  for (int i = 0; i < 4; ++i) {
    const EnvStep step = env.step(action, observation);
    total += step.reward;
    CHECK(step.truncated == (i == 3));
  }
  EnvCore plain(points());
  std::vector<double> seen(2);
  plain.reset(seen);
  double wanted = 0.0;
  for (int i = 0; i < 30; ++i) wanted += plain.step(action, seen).reward;
  CHECK(observation[4] == seen[0] && observation[5] == seen[1]);
  CHECK(std::abs(total - wanted) < 1e-12);
}

TEST(an_error_of_the_simulator_passes_through_wrappers) {
  EnvCore env(wrapped(points(Point::Fault::simulator), {stack(2), repeat(3)}));
  std::vector<double> observation(4);
  do env.reset(observation);
  while (observation[2] <= 0.0);
  const std::vector<float> action(1);
  env.step(action, observation);
  CHECK(MESSAGE_OF(SimulationError, env.step(action, observation)) == "the point is lost");
}

TEST(wrong_wrappers_say_where_and_what) {
  CHECK(contains(refusal({{"wrapper", text("RepeatActions")}}), "Point, wrapper 1 (RepeatActions)"));
  CHECK(contains(refusal({{"wrapper", text("RepeatActions")}}), "did you mean 'RepeatAction'?"));
  CHECK(contains(refusal({}), "wrapper is missing"));
  CHECK(contains(
      refusal({{"wrapper", text("RescaleAction")}, {"min_action", std::vector<double>{0, 0, 0}}, {"max_action", 1.0}}),
      "min_action has 3 elements, expected 1"));
}

}  // namespace
}  // namespace bierl::test
