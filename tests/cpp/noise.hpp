/// Noise for tests.
#pragma once

#include <cstdint>
#include <vector>

#include <bierl/core/noise.hpp>

namespace bierl::test {

inline const NoiseKey kKey{0x123456789ABCDEF0, 7, 1, Purpose::noise};

inline std::vector<float> row_of(const NoiseKey& key, std::uint32_t row, std::size_t count) {
  std::vector<float> out(count);
  normals(key, row, out);
  return out;
}

}  // namespace bierl::test
