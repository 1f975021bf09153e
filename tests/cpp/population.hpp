/// Populations for tests.
#pragma once

#include <cstdint>
#include <vector>

#include <bierl/core/population.hpp>

#include "noise.hpp"

namespace bierl::test {

/// A population of `rows` pairs around a base of ones.
struct Pairs {
  explicit Pairs(std::size_t rows, std::size_t dimension)
      : base(dimension, 1.0F), base_r(rows, 0), sigma(rows, 0.5F), noise(rows), sign(rows, 1), episode(rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      noise[r] = episode[r] = static_cast<std::int32_t>(r / 2);
      if (r % 2 == 1) sign[r] = -1;
    }
  }
  PopulationView view() const { return {kKey, base, {}, base_r, sigma, noise, sign, episode}; }

  std::vector<float> base;
  std::vector<std::int32_t> base_r;
  std::vector<float> sigma;
  std::vector<std::int32_t> noise;
  std::vector<std::int8_t> sign;
  std::vector<std::int32_t> episode;
};

}  // namespace bierl::test
