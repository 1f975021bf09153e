#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/shaping.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

void check(Fitness fitness, Failed failed, std::span<float> weights) {
  const std::size_t n = fitness.size();
  require_size("failed", failed.size(), n, "one flag for each fitness");
  require_size("weights", weights.size(), n, "one weight for each fitness");
  require(n >= 2, "shaping needs at least two candidates, got " + std::to_string(n));
  each_in_parts(n, [&](std::size_t i) {
    if (failed[i] || std::isfinite(fitness[i])) return;
    throw ArgumentError("fitness[" + std::to_string(i) + "] is not finite and not marked as failed; mark it as failed");
  });
  require(!std::all_of(failed.begin(), failed.end(), [](bool f) { return f; }),
          "all " + std::to_string(n) + " candidates failed; lower sigma or the learning rate, or look at the task");
}

// With every failure at the smallest fitness that did not fail; for the value shapings.
std::vector<double> with_failures_last(Fitness fitness, Failed failed) {
  std::vector<double> filled(fitness.begin(), fitness.end());
  double smallest = INFINITY;
  for (std::size_t i = 0; i < filled.size(); ++i)
    if (!failed[i]) smallest = std::min(smallest, filled[i]);
  for (std::size_t i = 0; i < filled.size(); ++i)
    if (failed[i]) filled[i] = smallest;
  return filled;
}

bool all_equal(std::span<const double> values) {
  return std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end();
}

// order = 0, 1, ... by falling value_of(i), equals in their own order.
template <class Value>
void sort_descending(std::vector<std::size_t>& order, const Value& value_of) {
  std::iota(order.begin(), order.end(), std::size_t{0});
  Pace pace;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    pace.did(1);
    return value_of(a) > value_of(b);
  });
}

// Candidates by rank, the best first, failures last.
struct Ranking {
  std::vector<double> value;       // -inf where failed
  std::vector<std::size_t> order;  // which candidate has rank 0, 1, ...; equals in their own order

  Ranking(Fitness fitness, Failed failed) : value(fitness.begin(), fitness.end()), order(fitness.size()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      if (failed[i]) value[i] = -INFINITY;
    sort_descending(order, [&](std::size_t i) { return value[i]; });
  }

  // visit(first, last) for each run [first, last) of ranks whose candidates are equal.
  template <typename Visit>
  void each_tie(Visit visit) const {
    Pace pace;
    for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
      while (last < order.size() && value[order[last]] == value[order[first]]) ++last;
      visit(first, last);
      pace.did(last - first);
    }
  }
};

// weights[i] = utility of i's rank, equal candidates sharing the mean of theirs.
void share_by_rank(const Ranking& ranking, std::span<const double> utility_by_rank, std::span<float> weights) {
  ranking.each_tie([&](std::size_t first, std::size_t last) {
    double shared = 0.0;
    for (std::size_t rank = first; rank < last; ++rank) shared += utility_by_rank[rank];
    // A tie of all candidates must be exactly zero, which the rounded mean need not be.
    shared = last - first == weights.size() ? 0.0 : shared / static_cast<double>(last - first);
    for (std::size_t rank = first; rank < last; ++rank) weights[ranking.order[rank]] = static_cast<float>(shared);
  });
}

// Equal candidates that did not fail all get the utility of the best of their ranks.
void raise_ties(const Ranking& ranking, std::span<double> utility_by_rank) {
  ranking.each_tie([&](std::size_t first, std::size_t last) {
    if (std::isinf(ranking.value[ranking.order[first]])) return;
    for (std::size_t rank = first; rank < last; ++rank) utility_by_rank[rank] = utility_by_rank[first];
  });
}

}  // namespace

void log_rank_utilities(Fitness fitness, Failed failed, std::span<float> weights, LogRank form) {
  check(fitness, failed, weights);
  const auto n = static_cast<double>(fitness.size());
  const double above_zero = form.full ? n : n / 2.0;
  const Ranking ranking(fitness, failed);
  std::vector<double> utility(fitness.size());
  each_in_parts(utility.size(), [&](std::size_t i) {
    utility[i] = std::max(0.0, std::log(above_zero + 1.0) - std::log(static_cast<double>(i + 1)));
  });
  if (form.ties == Ties::best) raise_ties(ranking, utility);
  const double sum = std::accumulate(utility.begin(), utility.end(), 0.0);
  for (double& u : utility) u = u / sum - 1.0 / n;
  share_by_rank(ranking, utility, weights);
}

void centered_rank_utilities(Fitness fitness, Failed failed, std::span<float> weights) {
  check(fitness, failed, weights);
  const auto n = static_cast<double>(fitness.size());
  std::vector<double> utility(fitness.size());
  for (std::size_t i = 0; i < utility.size(); ++i)
    utility[i] = ((n - static_cast<double>(i + 1)) / (n - 1.0) - 0.5) / n;
  share_by_rank(Ranking(fitness, failed), utility, weights);
}

void standardized_weights(Fitness fitness, Failed failed, std::size_t top, std::span<float> weights) {
  check(fitness, failed, weights);
  const std::size_t pairs = fitness.size() / 2;
  require(fitness.size() % 2 == 0,
          "standardized shaping needs antithetic pairs, got " + std::to_string(fitness.size()) + " candidates");
  require(top >= 1 && top <= pairs, "top must be in [1, " + std::to_string(pairs) + "], got " + std::to_string(top));
  const std::vector<double> value = with_failures_last(fitness, failed);
  std::vector<std::size_t> order(pairs);
  sort_descending(order, [&](std::size_t i) { return std::max(value[2 * i], value[2 * i + 1]); });
  std::vector<double> kept;
  each_in_parts(top, [&](std::size_t k) { kept.insert(kept.end(), {value[2 * order[k]], value[2 * order[k] + 1]}); });
  std::fill(weights.begin(), weights.end(), 0.0F);
  if (all_equal(kept)) return;
  const auto n = static_cast<double>(kept.size());
  const double mean = std::accumulate(kept.begin(), kept.end(), 0.0) / n;
  double squares = 0.0;
  for (const double f : kept) squares += (f - mean) * (f - mean);
  const double denominator = static_cast<double>(top) * std::sqrt(squares / n);
  for (std::size_t k = 0; k < top; ++k)
    for (const std::size_t i : {2 * order[k], 2 * order[k] + 1})
      weights[i] = static_cast<float>(value[i] / denominator);
}

void raw_weights(Fitness fitness, Failed failed, std::span<float> weights) {
  check(fitness, failed, weights);
  const std::vector<double> value = with_failures_last(fitness, failed);
  const auto n = static_cast<double>(value.size());
  const double mean = all_equal(value) ? value[0] : std::accumulate(value.begin(), value.end(), 0.0) / n;
  for (std::size_t i = 0; i < value.size(); ++i) weights[i] = static_cast<float>((value[i] - mean) / n);
}

}  // namespace bierl
