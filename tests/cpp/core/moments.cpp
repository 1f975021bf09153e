// Observation statistics.
#include <cmath>
#include <limits>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/moments.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

TEST(merged_are_those_of_the_whole) {
  const std::vector<double> values{1.0, 2.0, 4.0, 8.0, 16.0};
  double counts[2] = {}, means[2] = {}, m2s[2] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t half = i < 2 ? 0 : 1;
    add_to_moments({&counts[half], {&means[half], 1}, {&m2s[half], 1}}, &values[i]);
  }
  double count = 0.0, mean = 0.0, m2 = 0.0;
  merge_rows({&count, {&mean, 1}, {&m2, 1}}, counts, means, m2s);
  // 6.2 and 148.8 by hand; a handful of float64 roundings.
  CHECK(count == 5.0 && std::abs(mean - 6.2) < 1e-14 && std::abs(m2 - 148.8) < 1e-12);
  CHECK(contains(MESSAGE_OF(ShapeError, merge_rows({&count, {&mean, 1}, {&m2, 1}}, counts, {means, 1}, m2s)),
                 "mean has 1 elements, expected 2"));
}

TEST(squares_that_overflow_stay_finite) {
  const double values[3] = {1e200, -1e200, 3e-200}, counts[3] = {1.0, 1.0, 1.0}, m2s[3] = {};
  double count = 0.0, mean = 0.0, m2 = 0.0;
  merge_rows({&count, {&mean, 1}, {&m2, 1}}, counts, values, m2s);
  CHECK(count == 3.0 && std::isfinite(mean) && m2 == std::numeric_limits<double>::max());
}

}  // namespace
}  // namespace bierl::test
