// The compiled policy.
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/policy.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

TEST(action_by_hand) {
  PolicyShape shape;
  shape.network.sizes.assign({2, 3, 1});
  shape.network.activation = Activation::relu;
  shape.low.assign(1, -1.0F);
  shape.high.assign(1, 1.0F);
  shape.check();
  CHECK(shape.parameter_count() == 13);
  const std::vector<float> ones(13, 1.0F);
  const double observation[2] = {0.25, -2.0};
  std::vector<float> scratch(shape.scratch_size());
  float action = 0.0F;
  act(shape, {}, ones.data(), observation, scratch.data(), &action);
  CHECK(action == 1.0F);  // three hidden units at max(0, -0.75), then the bias
  const Normalizer seen = Normalizer::from_moments(4.0, std::vector<double>{0.25, 0.0}, std::vector<double>{4.0, 16.0});
  std::vector<float> half(13, 0.25F);
  act(shape, seen, half.data(), observation, scratch.data(), &action);
  CHECK(action == 0.25F + 3 * 0.25F * 0.0F);  // inputs 0 and -1: hidden units at max(0, 0.25 - 0.25)
  CHECK(contains(MESSAGE_OF(ShapeError, seen.check(3)), "normalizer has 2 elements, expected 3"));
}

TEST(sizes_that_wrap_are_refused) {
  constexpr std::size_t half = std::size_t{1} << 32;
  for (const std::vector<std::size_t>& sizes :
       {std::vector<std::size_t>{half, half, 1}, {4, half * half - 1, half * half - 1, 1}, {1 << 15, 1 << 15, 1}}) {
    PolicyShape shape;
    shape.network.sizes = sizes;
    shape.low.assign(1, 0.0F);
    shape.high.assign(1, 1.0F);
    CHECK(contains(MESSAGE_OF(ArgumentError, shape.check()), "at most 1073741824 parameters"));
  }
}

}  // namespace
}  // namespace bierl::test
