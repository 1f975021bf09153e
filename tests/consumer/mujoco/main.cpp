// Sixteen HalfCheetah episodes of a perturbed policy, without Python. Argument: Gymnasium's folder of model files.
#include <cstdio>
#include <vector>

#include <bierl/episode/rollout.hpp>
#include <bierl/mujoco/task_table.hpp>

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: consumer ASSETS\n");
    return 2;
  }
  bierl::PolicyShape shape;
  shape.network.sizes = {17, 64, 64, 6};
  shape.low.assign(6, -1.0F);
  shape.high.assign(6, 1.0F);
  bierl::Rollout rollout(bierl::mujoco::task_factory("HalfCheetah-v5", {}, arguments[1]),
                         {.shape = shape, .max_steps = 1000, .threads = 2});

  constexpr std::size_t kRows = 16;
  const std::vector<float> center(shape.parameter_count(), 0.0F), sigma(kRows, 0.1F);
  std::vector<std::int32_t> base(kRows, 0), pair(kRows);
  std::vector<std::int8_t> sign(kRows);
  for (std::size_t row = 0; row < kRows; ++row) {
    pair[row] = static_cast<std::int32_t>(row / 2);
    sign[row] = row % 2 == 0 ? 1 : -1;
  }
  std::vector<double> returns(kRows);
  std::vector<std::int32_t> lengths(kRows);
  bool failed[kRows];
  rollout.evaluate({{.run_seed = 1}, center, {}, base, sigma, pair, sign, pair}, {}, {}, false,
                   {.returns = returns, .lengths = lengths, .failed = failed}, nullptr);
  for (std::size_t row = 0; row < kRows; ++row) std::printf("%zu %d %.3f\n", row, lengths[row], returns[row]);
}
