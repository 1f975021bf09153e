/// From fitness to update weights.
///
/// Every shaping follows the same rules. Higher fitness is better. Equal fitness shares the mean of its weights, unless
/// Ties::best is asked for. Failed
/// candidates share the last ranks; in the value shapings they take the smallest fitness that did not fail. When all
/// fitness is equal every weight is zero. Throws ShapeError when lengths differ, ArgumentError when every candidate
/// failed, when fewer than two are given, or when a fitness that did not fail is not finite. The scale of the weights
/// does not change with N.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstddef>
#include <span>

namespace bierl {

using Fitness = std::span<const double>;  ///< (N,)
using Failed = std::span<const bool>;     ///< (N,)

/// What candidates of equal fitness get: the mean of the weights of their ranks, or that of the best of their ranks.
enum class Ties : int { share = 0, best = 1 };

/// The form of log-rank utilities; the BiERL authors' code has others than the paper it follows.
struct LogRank {
  bool full = false;        ///< ln(N + 1) in place of ln(N/2 + 1): every rank counts, not the better half alone
  Ties ties = Ties::share;  ///< failed candidates share in either case
};

/// max(0, ln(N/2 + 1) - ln rank), normalised to sum 1 over the candidates, minus 1/N; rank 1 is the best. Sums to zero.
/// Source: Wierstra et al. 2014, JMLR 15, section 3.1.
void log_rank_utilities(Fitness fitness, Failed failed, std::span<float> weights, LogRank form = {});

/// ((N - rank) / (N - 1) - 1/2) / N. Source: Salimans et al. 2017, arXiv 1703.03864.
void centered_rank_utilities(Fitness fitness, Failed failed, std::span<float> weights);

/// Antithetic pairs (2i, 2i + 1): the `top` pairs with the largest max(F+, F-) keep F / (top * s), s the standard
/// deviation (ddof 0) of their fitness; the others get 0. At the cut the lower pair number wins. N even, 1 <= top <=
/// N/2. Source: Mania et al. 2018, arXiv 1803.07055, algorithm 2 (without the division by their nu).
void standardized_weights(Fitness fitness, Failed failed, std::size_t top, std::span<float> weights);

/// (F - mean F) / N.
void raw_weights(Fitness fitness, Failed failed, std::span<float> weights);

}  // namespace bierl
