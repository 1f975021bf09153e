/// Novelty: how far a behavior lies from the nearest ones of an archive.
///
///     queries (Q, D), archive (n, D) -> mean distance to the k nearest (Q,)
///
/// The search is exhaustive and exact. Scores in single precision, with a bound on their error, leave a few archive
/// rows that may be among the k nearest; those are measured in double precision. So the result is that of double
/// precision throughout, the same bits at any number of threads and on any instruction set.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstddef>
#include <span>

#include <bierl/core/parallel.hpp>

namespace bierl {

/// Coordinates beyond this in magnitude are refused: the square of a distance would overflow.
inline constexpr double kLargestBehavior = 1e150;

/// out[q] = the mean Euclidean distance from queries[q] to the k archive rows nearest to it; with fewer than k rows, to
/// all of them; with none, 0 (where nothing is known, all is equally new). Rows at the same distance each count.
/// Distances are summed from the nearest on. `queries` is (out.size(), dimension), `archive` (n, dimension), both row
/// by row. With a pool, queries are shared out; the bits stay the same. Throws ArgumentError when k or dimension is 0,
/// or a coordinate is not finite or beyond kLargestBehavior; ShapeError when a length does not fit. Source of the
/// measure: Lehman & Stanley 2011; Conti et al. 2018, arXiv 1712.06560, equation 1.
void knn_mean_distance(std::span<const double> queries, std::span<const double> archive, std::size_t dimension,
                       std::size_t k, std::span<double> out, ThreadPool* pool = nullptr);

}  // namespace bierl
