// An evolution strategy on a test function, of kernels alone: noise by address, ranks, gradient.
#include <cstdio>
#include <numeric>
#include <vector>

#include <bierl/core/function_rollout.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/shaping.hpp>

int main() {
  constexpr std::size_t kRows = 64, kParameters = 10;
  constexpr float kSigma = 0.1F, kLearningRate = 0.5F;
  bierl::FunctionRollout rollout(
      std::make_shared<bierl::TestFunction>(bierl::TestFunction::Settings{.dimension = kParameters}), 0.0, 2);

  std::vector<float> center(kParameters, 1.0F), step(kParameters), weights(kRows);
  const std::vector<std::int32_t> base(kRows, 0);  // every row perturbs the one base vector
  const std::vector<float> sigma(kRows, kSigma);
  const std::vector<std::int8_t> sign(kRows, 1);
  std::vector<std::int32_t> noise(kRows);
  std::iota(noise.begin(), noise.end(), 0);
  const std::vector<std::uint32_t> rows(noise.begin(), noise.end());
  std::vector<double> returns(kRows);
  const bool failed[kRows] = {};

  for (std::uint32_t generation = 0; generation < 60; ++generation) {
    const bierl::NoiseKey key{.run_seed = 1, .generation = generation};
    rollout.evaluate({key, center, {}, base, sigma, noise, sign, noise}, returns, nullptr);
    bierl::log_rank_utilities(returns, failed, weights);
    bierl::gradient(key, rows, weights, step);
    for (std::size_t p = 0; p < kParameters; ++p) center[p] += kLearningRate * step[p];
  }
  std::vector<double> scratch(rollout.objective().scratch_size());
  const double reached = rollout.objective().value(center, scratch);
  std::printf("from %.3f to %.3f\n", -static_cast<double>(kParameters), reached);
  return reached > -1.0 ? 0 : 1;
}
