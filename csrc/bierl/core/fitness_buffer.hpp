/// The last H generations' returns as one (H, features) window that does not depend on the population's size.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <bierl/core/turn.hpp>

namespace bierl {

/// A ring of H generations. Each generation becomes one row of features, float32:
///
///     [0, Q)        the returns that did not fail, standardised, sorted ascending, resampled to Q quantiles
///     Q             the centre's rank: share of candidates below it (ties half), minus 1/2; 0 without a centre
///     Q + 1         the centre's z-score
///     Q + 2, Q + 3  change of the mean, and of the centre, since the generation before, in units of the spread
///     Q + 4, ...    K hyperparameters in use, each as the caller scaled it
///     next          share of candidates that failed
///     last          1: this row is filled (rows not yet filled are all zero)
///
/// The spread is the standard deviation (ddof 0); where it is zero, features measured in it are zero. z-scores and
/// changes are cut at +-10. Quantile j is at probability (j + 1/2) / Q, Hazen's definition, linear between order
/// statistics.
///
/// Any number of threads may call: they take turns, and what they read is of one moment. (A call in a process forked
/// while another thread was in one is an ArgumentError.)
class FitnessBuffer {
 public:
  /// Throws ArgumentError unless history and quantiles are in [1, 2^20] and hyperparameters are at most 2^20.
  FitnessBuffer(std::size_t history, std::size_t quantiles, std::size_t hyperparameters);

  [[nodiscard]] std::size_t history() const { return history_; }
  [[nodiscard]] std::size_t quantiles() const { return quantiles_; }
  [[nodiscard]] std::size_t hyperparameters() const { return hyperparameters_; }
  [[nodiscard]] std::size_t features() const { return quantiles_ + hyperparameters_ + 6; }
  [[nodiscard]] std::size_t filled() const;

  /// Adds a generation: returns (N,), failed (N,), the centre's return (NaN: none), K scaled hyperparameters.
  /// Throws ShapeError when lengths differ, ArgumentError when all failed or a return that did not fail is not finite.
  void push(std::span<const double> returns, std::span<const bool> failed, double center,
            std::span<const double> hyperparameters);

  /// Writes the window, oldest row first, history() * features() floats. ShapeError for another size.
  void window(std::span<float> out) const;

  /// What `restore` needs besides the window: mean and centre of the latest generation.
  [[nodiscard]] double last_mean() const;
  [[nodiscard]] double last_center() const;
  /// All that `restore` needs, of one moment.
  struct State {
    std::vector<float> window;
    std::size_t filled = 0;
    double last_mean = 0.0, last_center = 0.0;
  };
  [[nodiscard]] State state() const;
  void restore(std::span<const float> window, std::size_t filled, double last_mean, double last_center);

 private:
  void describe(std::span<const double> sorted, double mean, double spread, double center, std::span<float> row) const;

  std::size_t history_, quantiles_, hyperparameters_;
  std::size_t head_ = 0;    // first row of the window
  std::size_t filled_ = 0;  // rows in use, at most history_
  double last_mean_, last_center_;
  std::vector<float> rows_;  // 2H rows: each is written twice, H apart, so that every window is contiguous
  mutable Turn turn_;        // with all but the sizes
};

}  // namespace bierl
