// Distances of nearest neighbours; included by kernels.inl alone.

constexpr int kScoreVectors = kBytes == 64 ? 4 : 2;  // of rows at a time: with 4 queries 16 sums, or 8, in registers

// kScoreVectors * kLanes rows of a group for the four queries; adds to `near` the lanes at or below the bounds.
BIERL_INLINE void scores_part(const float* queries, const float* points, const float* half, std::size_t dimension,
                              const float* bounds, float* out, VecI near[kScoreQueries]) {
  VecF sum[kScoreQueries][kScoreVectors];
  for (std::size_t q = 0; q < kScoreQueries; ++q)
    for (int v = 0; v < kScoreVectors; ++v) sum[q][v] = load(half + v * kLanes);
  for (std::size_t d = 0; d < dimension; ++d) {
    VecF point[kScoreVectors];
    for (int v = 0; v < kScoreVectors; ++v) point[v] = load(points + d * kScoreGroup + v * kLanes);
    for (std::size_t q = 0; q < kScoreQueries; ++q) {
      const VecF x = splat(queries[q * dimension + d]);
      for (int v = 0; v < kScoreVectors; ++v) sum[q][v] = sum[q][v] - x * point[v];
    }
  }
  for (std::size_t q = 0; q < kScoreQueries; ++q) {
    for (int v = 0; v < kScoreVectors; ++v) {
      near[q] |= (VecI)(sum[q][v] <= splat(bounds[q]));
      store(out + q * kScoreGroup + v * kLanes, sum[q][v]);
    }
  }
}

void scores(const float* queries, const float* points, const float* half, std::size_t groups, std::size_t dimension,
            const float* bounds, float* out, std::uint8_t* near) {
  for (std::size_t g = 0; g < groups; ++g) {
    VecI mask[kScoreQueries] = {};
    for (std::size_t i = 0; i < kScoreGroup; i += kScoreVectors * kLanes)
      scores_part(queries, points + g * dimension * kScoreGroup + i, half + g * kScoreGroup + i, dimension, bounds,
                  out + g * kScoreQueries * kScoreGroup + i, mask);
    for (std::size_t q = 0; q < kScoreQueries; ++q) near[g * kScoreQueries + q] = any(mask[q]) ? 1 : 0;
  }
}
