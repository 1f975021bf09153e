// The memory of transitions.
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/replay.hpp>

#include "../check.hpp"
#include "../noise.hpp"

namespace bierl::test {
namespace {

// Two episodes recorded as a rollout does, then a memory of three transitions of the five.
TEST(the_oldest_make_room) {
  const TransitionShape shape{2, 1};
  std::vector<float> steps(3 * shape.width());
  const TransitionRecorder recorder{steps.data(), shape};
  ReplayBuffer buffer(shape, 3);
  for (const std::size_t length : {3, 2}) {
    for (std::size_t step = 0; step < length; ++step) {
      const double level = static_cast<double>(10 * length + step);
      const double observation[2] = {level, -level};
      const float action[1] = {0.5F};
      recorder.saw(step, observation);
      recorder.did(step, action);
      recorder.answered(step, 2.0 * level, length == 2 && step == 1);
    }
    const double last[2] = {-1.0, -2.0};
    recorder.ended(length, last);
    buffer.append({steps.data(), length * shape.width()});
  }
  const std::vector<float> expected{32, -32, 0.5, 64, -1,  -2,  0,  20, -20, 0.5, 40,
                                    21, -21, 0,   21, -21, 0.5, 42, -1, -2,  1};
  CHECK(buffer.records() == expected);
  float before[2], after[2], action[1], reward[1], terminated[1];
  buffer.sample(kKey, 4, {before, action, reward, after, terminated});
  CHECK(reward[0] == 2.0F * before[0] && action[0] == 0.5F);
  CHECK(
      contains(MESSAGE_OF(ArgumentError, buffer.append({steps.data(), 8})), "transitions have 7 numbers each, got 8"));
  CHECK(contains(MESSAGE_OF(ArgumentError, ReplayBuffer(shape, 2).sample(kKey, 0, {})), "no transitions to draw"));
}

// Records of one number throughout: one that is torn between two appends has two.
TEST(appends_and_draws_take_turns, threads) {
  const TransitionShape shape{2, 1};
  ReplayBuffer buffer(shape, 100);
  buffer.append(std::vector<float>(shape.width(), 0.0F));
  std::vector<std::thread> callers;
  for (int who = 1; who <= 2; ++who) {
    callers.emplace_back([&, who] {
      const std::vector<float> steps(7 * shape.width(), static_cast<float>(who));
      for (int repeat = 0; repeat < 300; ++repeat) buffer.append(steps);
    });
  }
  std::vector<float> before(2 * 32), after(2 * 32), action(32), reward(32), terminated(32);
  for (std::uint32_t draw = 0; draw < 300; ++draw) {
    buffer.sample(kKey, draw, {before, action, reward, after, terminated});
    for (std::size_t b = 0; b < 32; ++b) {
      CHECK(before[2 * b] == reward[b] && before[2 * b + 1] == reward[b] && action[b] == reward[b]);
      CHECK(after[2 * b] == reward[b] && after[2 * b + 1] == reward[b] && terminated[b] == reward[b]);
    }
    CHECK(buffer.records().size() % shape.width() == 0);
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(buffer.size() == 100);
}

}  // namespace
}  // namespace bierl::test
