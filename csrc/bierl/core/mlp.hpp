/// The policy network: an MLP over a flat parameter view.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <bierl/core/kernels.hpp>

namespace bierl {

/// Layer sizes from input to output; hidden layers use `activation`, the last layer none. No hidden layer: linear.
///
/// Flat parameters, layer by layer: weight (inputs, outputs) in C order, then bias (outputs,).
struct MlpShape {
  std::vector<std::size_t> sizes;  ///< at least two, each at least 1
  Activation activation = Activation::tanh;

  static constexpr std::size_t kMost = std::size_t{1} << 30;  ///< parameters
  [[nodiscard]] std::size_t parameter_count() const;          ///< of sizes that are checked, at most kMost
  [[nodiscard]] std::size_t widest() const;
  void check() const;  ///< ArgumentError when a size is missing or zero, or there are more than kMost parameters
};

/// output = network(parameters, input). `scratch`: 2 * widest() floats. Sums run over inputs in order, bias first, in
/// float32; tanh is within 3 ulp of the exact one. A NaN in gives NaN out. Allocates nothing; sizes are checked by the
/// caller.
void mlp_forward(const MlpShape& shape, const float* parameters, const float* input, float* scratch, float* output);

}  // namespace bierl
