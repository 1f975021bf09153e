// One environment, stepped from outside by one thread and by several.
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>

#include "../check.hpp"
#include "point.hpp"

namespace bierl::test {
namespace {

TEST(an_error_asks_for_a_reset) {
  EnvCore env(points(Point::Fault::simulator));
  std::vector<double> observation(2);
  const std::vector<float> action(1);
  CHECK(contains(MESSAGE_OF(ArgumentError, env.step(action, observation)), "reset must be called before step"));
  do env.reset(observation);
  while (observation[0] <= 0.0);
  for (int i = 0; i < 4; ++i) env.step(action, observation);
  CHECK(MESSAGE_OF(SimulationError, env.step(action, observation)) == "the point is lost");
  CHECK(contains(MESSAGE_OF(ArgumentError, env.step(action, observation)), "failed earlier (the point is lost); call"));
  env.reset(observation);
  CHECK(env.elapsed_steps() == 0);
}

TEST(the_time_limit_is_the_tasks_unless_another_is_given) {
  CHECK(EnvCore(points()).max_episode_steps() == 30);
  EnvCore env(points(), 2);
  std::vector<double> observation(2);
  const std::vector<float> action(1);
  env.reset(observation);
  CHECK(!env.step(action, observation).truncated && env.step(action, observation).truncated);
  CHECK(contains(MESSAGE_OF(ArgumentError, EnvCore(points(), 0)), "max_episode_steps must be at least 1, got 0"));
}

TEST(calls_from_several_threads_take_turns, threads) {
  EnvCore env(points());
  std::vector<double> observation(2);
  env.reset(observation);
  const std::vector<float> action(1, 0.5F);
  std::vector<std::thread> callers;
  for (int who = 0; who < 2; ++who) {
    callers.emplace_back([&] {
      std::vector<double> seen(2);
      for (int i = 0; i < 500; ++i) env.step(action, seen);
    });
  }
  for (int i = 0; i < 500; ++i) {
    const EnvInfo info = env.info();
    CHECK(info.fields.size() == info.values.size());
    CHECK(env.elapsed_steps() >= 0 && !env.diverged() && !env.has_root_position());
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(env.elapsed_steps() == 1000);
}

}  // namespace
}  // namespace bierl::test
