// NumPy's generator, draw by draw.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <bierl/episode/numpy_random.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

TEST(draws_are_those_of_numpy) {
  std::ifstream file(data_folder() + "/numpy_random.txt");
  int seeds = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::uint64_t seed = 0;
    std::uint64_t raw = 0;
    words >> seed;
    NumpyRandom bits(seed);
    for (int i = 0; i < 2; ++i) {
      words >> raw;
      CHECK(bits.next_uint64() == raw);
    }
    NumpyRandom random(seed);
    std::string hex;
    for (int i = 0; words >> hex; ++i) {
      const double want = std::strtod(hex.c_str(), nullptr);
      CHECK((i < 2 ? random.uniform(-0.1, 0.1) : random.standard_normal()) == want);
    }
    ++seeds;
  }
  CHECK(seeds == 9);
}

}  // namespace
}  // namespace bierl::test
