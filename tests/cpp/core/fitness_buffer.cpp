// The window of returns.
#include <algorithm>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/fitness_buffer.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

std::vector<float> window_of(const FitnessBuffer& buffer) {
  std::vector<float> window(buffer.history() * buffer.features());
  buffer.window(window);
  return window;
}

TEST(window_describes_generations) {
  FitnessBuffer buffer(2, 3, 1);
  CHECK(buffer.features() == 10 && buffer.filled() == 0);
  const bool none[3] = {};
  const double setting[1] = {0.5};
  for (int generation = 0; generation < 5; ++generation) {
    const double level = generation;
    buffer.push(std::vector<double>{level, level + 1, level + 2}, none, level + 1, setting);
    const auto window = window_of(buffer);
    const auto newest = std::span(window).last(10);
    CHECK(newest[1] == 0.0F && newest[0] == -newest[2] && newest[0] < 0.0F);
    CHECK(newest[3] == 0.0F && newest[4] == 0.0F && newest[7] == 0.5F && newest[8] == 0.0F && newest[9] == 1.0F);
    CHECK((newest[5] > 0.0F) == (generation > 0));
  }
  CHECK(buffer.filled() == 2 && buffer.last_mean() == 5.0);
  FitnessBuffer other(2, 3, 1);
  other.restore(window_of(buffer), buffer.filled(), buffer.last_mean(), buffer.last_center());
  CHECK(window_of(buffer) == window_of(other));
  const bool all[1] = {true};
  CHECK(contains(MESSAGE_OF(ArgumentError, buffer.push(std::vector<double>{1.0}, all, 0.0, setting)), "all 1 cand"));
}

TEST(pushes_take_turns, threads) {
  FitnessBuffer buffer(4, 3, 1);
  const bool none[3] = {};
  const double setting[1] = {0.5};
  std::vector<std::thread> callers;
  for (int who = 0; who < 2; ++who) {
    callers.emplace_back([&, level = static_cast<double>(who)] {
      for (int repeat = 0; repeat < 500; ++repeat) {
        buffer.push(std::vector<double>{level, level + 1, level + 2}, none, level + 1, setting);
        const double mean = buffer.last_mean();
        CHECK(mean == 1.0 || mean == 2.0);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(buffer.filled() == 4);
  for (std::size_t row = 0; row < 4; ++row) CHECK(window_of(buffer)[10 * row + 9] == 1.0F);
}

}  // namespace
}  // namespace bierl::test
