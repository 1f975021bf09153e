// From fitness to update weights.
#include <cmath>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/shaping.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

TEST(ties_and_failures_get_their_weights) {
  const std::vector<double> fitness{3.0, 1.0, 3.0, 2.0};
  const bool none[4] = {};
  const bool all[4] = {true, true, true, true};
  const bool second[4] = {false, true, false, false};
  std::vector<float> weights(4), other(4);
  centered_rank_utilities(fitness, none, weights);
  CHECK(weights[0] == weights[2] && weights[1] == -0.125F);
  log_rank_utilities(fitness, none, weights);
  CHECK(weights[0] == weights[2] && std::abs(weights[0] + weights[1] + weights[2] + weights[3]) < 1e-6F);
  raw_weights(fitness, second, weights);
  raw_weights(std::vector<double>{3.0, 2.0, 3.0, 2.0}, none, other);
  CHECK(weights == other);
  standardized_weights(fitness, none, 1, weights);
  CHECK(weights[2] == 0.0F && weights[3] == 0.0F && weights[0] == 3.0F && weights[1] == 1.0F);
  CHECK(contains(MESSAGE_OF(ArgumentError, raw_weights(fitness, all, weights)), "all 4 candidates failed"));
  CHECK(contains(MESSAGE_OF(ShapeError, raw_weights(fitness, none, std::span(weights).first(3))),
                 "weights has 3 elements, expected 4"));
  CHECK(contains(MESSAGE_OF(ArgumentError, standardized_weights(fitness, none, 3, weights)), "top must be in [1, 2]"));
}

}  // namespace
}  // namespace bierl::test
