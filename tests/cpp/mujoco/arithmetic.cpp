// NumPy's order of summation.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <bierl/mujoco/tasks/arithmetic.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

using namespace bierl::mujoco;

TEST(sums_are_those_of_numpy) {
  std::ifstream file(data_folder() + "/numpy_sum.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    int count = 0;
    std::string wide;
    std::string narrow;
    words >> count >> wide >> narrow;
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(1.0 / (i + 1));
    const std::vector<float> floats(values.begin(), values.end());
    CHECK(mujoco::tasks::sum_of_squares(values.data(), count) == std::strtod(wide.c_str(), nullptr));
    CHECK(mujoco::tasks::sum_of_squares(floats.data(), count) == std::strtof(narrow.c_str(), nullptr));
    ++lines;
  }
  CHECK(lines == 10);
}

}  // namespace
}  // namespace bierl::test
