#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/kernels.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/philox.hpp>
#include <bierl/core/stopping.hpp>

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

constexpr std::size_t kChunk = 64 * kTile;           // parameters in one job of a shared-out sum
constexpr std::size_t kBetweenAsking = kTile << 14;  // elements of noise, about a millisecond
constexpr std::size_t kRowsBetweenAsking = 1 << 12;  // rows of a whole chunk, some tens of milliseconds

using Accumulate = decltype(KernelTable::accumulate);

void weighted_sum(Accumulate accumulate, const NoiseKey& key, std::span<const std::uint32_t> rows,
                  std::span<const float> weights, std::span<float> out, ThreadPool* pool) {
  require_length(out.size());
  require_size("weights", weights.size(), rows.size(), "one weight for each row");
  std::vector<std::uint32_t> used_rows;
  std::vector<float> used_weights;
  each_in_parts(rows.size(), [&](std::size_t i) {
    if (weights[i] == 0.0F) return;
    used_rows.push_back(rows[i]);
    used_weights.push_back(weights[i]);
  });
  const NoiseRow address = place(key, 0);
  const auto chunk = [&](std::size_t, std::size_t index) {
    const std::size_t first = index * kChunk;
    const auto target = out.subspan(first, std::min(kChunk, out.size() - first));
    stop_if_asked();
    std::fill(target.begin(), target.end(), 0.0F);
    in_parts(used_rows.size(), kRowsBetweenAsking, [&](std::size_t begin, std::size_t count) {
      accumulate(address, used_rows.data() + begin, used_weights.data() + begin, count, first / kTile, target.size(),
                 target.data());
    });
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
  in_parts(out.size(), kBetweenAsking, [&](std::size_t begin, std::size_t count) {
    kernels().normals(place(key, row), first_tile + begin / kTile, count, out.data() + begin);
  });
}

float largest_scale(std::span<const float> scale) {
  if (scale.empty()) return 1.0F;
  float largest = 0.0F;
  bool finite = true;
  in_parts(scale.size(), kBetweenQuestions, [&](std::size_t begin, std::size_t count) {
    for (const float factor : scale.subspan(begin, count)) {
      const float size = std::abs(factor);
      finite &= size <= std::numeric_limits<float>::max();
      largest = std::max(largest, size);
    }
  });
  return finite ? largest : std::numeric_limits<float>::quiet_NaN();
}

bool fits_noise(float sigma, float largest) {
  constexpr double kLargestNormal = 6.67;
  const double size = std::abs(static_cast<double>(sigma)) * std::max(1.0, static_cast<double>(largest));
  return std::isfinite(largest) && size * kLargestNormal <= static_cast<double>(std::numeric_limits<float>::max());
}

void perturb(std::span<const float> theta, float step, const NoiseKey& key, std::uint32_t row,
             std::span<const float> scale, std::span<float> out) {
  require(
      fits_noise(step, largest_scale(scale)),
      "sigma and scale must be finite and small enough for single precision, sigma * scale * 6.67 below 3.4e38; got "
      "sigma " +
          std::to_string(step) + " and scale up to " + std::to_string(largest_scale(scale)));
  perturb_checked(theta, step, key, row, scale, out);
}

void perturb_checked(std::span<const float> theta, float step, const NoiseKey& key, std::uint32_t row,
                     std::span<const float> scale, std::span<float> out) {
  require_length(theta.size());
  require_size("out", out.size(), theta.size(), "one element for each parameter of theta");
  if (!scale.empty()) require_size("scale", scale.size(), theta.size(), "one factor for each parameter of theta");
  in_parts(theta.size(), kBetweenAsking, [&](std::size_t begin, std::size_t count) {
    kernels().perturb(place(key, row), begin / kTile, theta.data() + begin, step,
                      scale.empty() ? nullptr : scale.data() + begin, count, out.data() + begin);
  });
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
