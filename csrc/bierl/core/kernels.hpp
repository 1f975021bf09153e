/// The inner loops that are compiled once for each instruction set and chosen at run time.
///
///     kernels/*.inl -> kernels_{baseline,avx2,avx512}.cpp -> KernelTable -> noise, gradient, mlp, knn
///
/// Every entry gives the same bits on every instruction set: only IEEE operations that round once, in a fixed order, no
/// fused multiply-add. Sizes are the callers' business; nothing here checks or allocates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bierl {

/// Normals are made in tiles of 64: 16 counters of four words. Element e is word (e % 64) / 16 of counter
/// 16 * (e / 64) + e % 16, so that vectors of 4, 8 and 16 lanes store straight.
inline constexpr std::size_t kTile = 64;

/// Where a row of noise stands: the counter without its block.
struct NoiseRow {
  std::uint32_t key[2];
  std::uint32_t row;
  std::uint32_t generation;
  std::uint32_t domain;
};

/// `scores` takes this many archive rows and queries at a time.
inline constexpr std::size_t kScoreGroup = 64;
inline constexpr std::size_t kScoreQueries = 4;

enum class Activation : int { identity = 0, tanh = 1, relu = 2 };

struct KernelTable {
  const char* name;
  /// out[0..count) = elements first_tile * 64 and on.
  void (*normals)(const NoiseRow& row, std::size_t first_tile, std::size_t count, float* out);
  /// out[p] = theta[p] + step * (scale ? scale[p] : 1) * eps[first_tile * 64 + p], p in [0, count). `out` may be
  /// `theta`.
  void (*perturb)(const NoiseRow& row, std::size_t first_tile, const float* theta, float step, const float* scale,
                  std::size_t count, float* out);
  /// Adds, row by row in order, weights[r] * eps(rows[r])[p] to out[p], for count elements from first_tile on.
  void (*accumulate)(NoiseRow row, const std::uint32_t* rows, const float* weights, std::size_t row_count,
                     std::size_t first_tile, std::size_t count, float* out);
  /// Adds weights[r] * (eps(rows[r])[p]^2 - 1) likewise.
  void (*accumulate_squares)(NoiseRow row, const std::uint32_t* rows, const float* weights, std::size_t row_count,
                             std::size_t first_tile, std::size_t count, float* out);
  /// out[j] = activation(bias[j] + sum over i in order of input[i] * weight[i * outputs + j]).
  void (*dense)(const float* input, std::size_t inputs, const float* weight, const float* bias, std::size_t outputs,
                Activation activation, float* out);
  /// x[j] = activation(x[j]).
  void (*activate)(float* x, std::size_t count, Activation activation);
  /// For each group g of 64 rows and each of 4 queries q, at out[(g * 4 + q) * 64 + i]:
  /// half[g * 64 + i] minus, over d in order, queries[q * dimension + d] * points[(g * dimension + d) * 64 + i].
  /// near[g * 4 + q] = 1 where one of these 64 is at most bounds[q], else 0.
  void (*scores)(const float* queries, const float* points, const float* half, std::size_t groups,
                 std::size_t dimension, const float* bounds, float* out, std::uint8_t* near);
};

/// The widest table this processor runs, or the one named by the environment variable BIERL_INSTRUCTION_SET
/// (sse2 or generic, avx2, avx512), read once. Throws ArgumentError when that one is unknown or cannot run here.
const KernelTable& kernels();

}  // namespace bierl
