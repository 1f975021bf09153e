#include <algorithm>
#include <string>

#include <bierl/core/error.hpp>
#include <bierl/core/mlp.hpp>

namespace bierl {

std::size_t MlpShape::parameter_count() const {
  std::size_t count = 0;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) count += (sizes[layer] + 1) * sizes[layer + 1];
  return count;
}

std::size_t MlpShape::widest() const { return *std::max_element(sizes.begin(), sizes.end()); }

void MlpShape::check() const {
  require(sizes.size() >= 2,
          "a network needs an input and an output size, got " + std::to_string(sizes.size()) + " sizes");
  for (const std::size_t size : sizes) require(size >= 1, "every layer of a network needs at least one unit, got 0");
  // Each size alone first: a product of two such is below 2^62, so no sum here wraps.
  std::size_t count = 0;
  for (std::size_t layer = 0; layer + 1 < sizes.size() && count <= kMost; ++layer)
    count =
        std::max(sizes[layer], sizes[layer + 1]) > kMost ? kMost + 1 : count + (sizes[layer] + 1) * sizes[layer + 1];
  require(count <= kMost, "a network has at most " + std::to_string(kMost) + " parameters, and its " +
                              std::to_string(sizes.size() - 1) + " layers have more; take smaller ones");
}

void mlp_forward(const MlpShape& shape, const float* parameters, const float* input, float* scratch, float* output) {
  const KernelTable& table = kernels();
  const std::size_t layers = shape.sizes.size() - 1;
  float* const halves[2] = {scratch, scratch + shape.widest()};
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const std::size_t inputs = shape.sizes[layer], outputs = shape.sizes[layer + 1];
    const bool last = layer + 1 == layers;
    float* const target = last ? output : halves[layer % 2];
    const float* const bias = parameters + inputs * outputs;
    table.dense(input, inputs, parameters, bias, outputs, last ? Activation::identity : shape.activation, target);
    parameters = bias + outputs;
    input = target;
  }
}

}  // namespace bierl
