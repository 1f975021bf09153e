#include <algorithm>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/kernels.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/philox.hpp>

namespace bierl {

namespace {

NoiseRow place(const NoiseKey& key, std::uint32_t row) {
  return {{static_cast<std::uint32_t>(key.run_seed), static_cast<std::uint32_t>(key.run_seed >> 32)},
          row,
          key.generation,
          key.domain()};
}

void require_length(std::size_t count) {
  require(count < (std::size_t{1} << 34),
          "a row of noise has fewer than 2**34 elements, asked for " + std::to_string(count));
}

constexpr std::size_t kChunk = 64 * kTile;  // parameters in one job of a shared-out sum

using Accumulate = decltype(KernelTable::accumulate);

void weighted_sum(Accumulate accumulate, const NoiseKey& key, std::span<const std::uint32_t> rows,
                  std::span<const float> weights, std::span<float> out, ThreadPool* pool) {
  require_length(out.size());
  require_size("weights", weights.size(), rows.size(), "one weight for each row");
  std::vector<std::uint32_t> used_rows;
  std::vector<float> used_weights;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (weights[i] == 0.0F) continue;
    used_rows.push_back(rows[i]);
    used_weights.push_back(weights[i]);
  }
  const NoiseRow address = place(key, 0);
  const auto chunk = [&](std::size_t, std::size_t index) {
    const std::size_t begin = index * kChunk;
    const std::size_t count = std::min(kChunk, out.size() - begin);
    accumulate(address, used_rows.data(), used_weights.data(), used_rows.size(), begin / kTile, count,
               out.data() + begin);
  };
  const std::size_t chunks = (out.size() + kChunk - 1) / kChunk;
  if (pool != nullptr && chunks > 1) {
    pool->run(chunks, chunk);
  } else {
    for (std::size_t index = 0; index < chunks; ++index) chunk(0, index);
  }
}

}  // namespace

void normals(const NoiseKey& key, std::uint32_t row, std::span<float> out) {
  require_length(out.size());
  normals_from(key, row, 0, out);
}

void normals_from(const NoiseKey& key, std::uint32_t row, std::size_t first_tile, std::span<float> out) {
  kernels().normals(place(key, row), first_tile, out.size(), out.data());
}

void perturb(std::span<const float> theta, float step, const NoiseKey& key, std::uint32_t row,
             std::span<const float> scale, std::span<float> out) {
  require_length(theta.size());
  require_size("out", out.size(), theta.size(), "one element for each parameter of theta");
  if (!scale.empty()) require_size("scale", scale.size(), theta.size(), "one factor for each parameter of theta");
  kernels().perturb(place(key, row), theta.data(), step, scale.empty() ? nullptr : scale.data(), theta.size(),
                    out.data());
}

void gradient(const NoiseKey& key, std::span<const std::uint32_t> rows, std::span<const float> weights,
              std::span<float> out, ThreadPool* pool) {
  weighted_sum(kernels().accumulate, key, rows, weights, out, pool);
}

void scale_gradient(const NoiseKey& key, std::span<const std::uint32_t> rows, std::span<const float> weights,
                    std::span<float> out, ThreadPool* pool) {
  weighted_sum(kernels().accumulate_squares, key, rows, weights, out, pool);
}

std::uint64_t uniform64(const NoiseKey& key, std::uint32_t row, std::uint32_t element) {
  const NoiseRow at = place(key, row);
  const auto word = philox4x32({element, at.row, at.generation, at.domain}, {at.key[0], at.key[1]});
  return (std::uint64_t{word[1]} << 32) | word[0];
}

}  // namespace bierl
