/// Normals by address, and what an evolution strategy does with them.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstdint>
#include <span>

#include <bierl/core/address.hpp>
#include <bierl/core/parallel.hpp>

namespace bierl {

/// out[e] = the e-th standard normal of a row; a longer row begins with the shorter one. Any length below 2^34.
/// The largest magnitude is sqrt(64 ln 2) = 6.66.
/// Source: Philox4x32-10 (Salmon et al. 2011), Box & Muller 1958.
void normals(const NoiseKey& key, std::uint32_t row, std::span<float> out);

/// The same from element 64 * first_tile on.
void normals_from(const NoiseKey& key, std::uint32_t row, std::size_t first_tile, std::span<float> out);

/// out = theta + step * scale * normals(key, row) over P parameters; step = sign * sigma. `scale` is empty (ones) or
/// (P,). `out` may be the memory of `theta`. Throws ShapeError when the lengths differ, ArgumentError for a step or a
/// scale that is not finite, or whose product with a normal overflows.
void perturb(std::span<const float> theta, float step, const NoiseKey& key, std::uint32_t row,
             std::span<const float> scale, std::span<float> out);

/// The same for a step and a scale that `fits_noise` has passed.
void perturb_checked(std::span<const float> theta, float step, const NoiseKey& key, std::uint32_t row,
                     std::span<const float> scale, std::span<float> out);

/// The largest magnitude in a scale (1 for an empty one); NaN when one of them is not finite.
[[nodiscard]] float largest_scale(std::span<const float> scale);

/// Whether sigma * largest * normal is finite whatever the normal.
[[nodiscard]] bool fits_noise(float sigma, float largest);

/// out[p] = sum over i of weights[i] * normals(key, rows[i])[p], in the order of i, in float32, the noise made anew:
/// O(P) memory whatever the number of rows. With a pool, parameters are shared out; the bits stay the same.
/// Rows of weight zero are left out. Throws ShapeError when rows and weights differ in length.
void gradient(const NoiseKey& key, std::span<const std::uint32_t> rows, std::span<const float> weights,
              std::span<float> out, ThreadPool* pool = nullptr);

/// The same sum of weights[i] * (normals(key, rows[i])[p]^2 - 1): the gradient in the logarithm of each parameter's own
/// scale, where `gradient` is that in the parameter.
void scale_gradient(const NoiseKey& key, std::span<const std::uint32_t> rows, std::span<const float> weights,
                    std::span<float> out, ThreadPool* pool = nullptr);

/// One uniform 64-bit number by address: seeds of episodes.
std::uint64_t uniform64(const NoiseKey& key, std::uint32_t row, std::uint32_t element);

}  // namespace bierl
