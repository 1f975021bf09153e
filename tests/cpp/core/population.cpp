// What a population's rows run.
#include <algorithm>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/population.hpp>

#include "../check.hpp"
#include "../population.hpp"

namespace bierl::test {
namespace {

TEST(population_is_checked) {
  Pairs pairs(6, 3);
  pairs.sign[4] = 2;
  CHECK(contains(MESSAGE_OF(ArgumentError, pairs.view().check(3)), "row 4 of the population: sign must be -1, 0 or 1"));
  pairs.sign[4] = 1;
  pairs.base_r[5] = 1;
  CHECK(contains(MESSAGE_OF(ArgumentError, pairs.view().check(3)), "row 5 of the population: base 1 of 1"));
  pairs.base_r[5] = 0;
  pairs.view().check(3);
  std::vector<float> out(3 * 3);
  CHECK(contains(MESSAGE_OF(ArgumentError, population_parameters(pairs.view(), 4, 3, out)), "rows 4 to 7 of a popula"));
  population_parameters(pairs.view(), 3, 3, out);
  std::vector<float> row(3);
  row_parameters(pairs.view(), 4, row);
  CHECK(std::equal(row.begin(), row.end(), out.begin() + 3));
}

}  // namespace
}  // namespace bierl::test
