/// Running mean and sum of squared differences, one step at a time and merged. The memory is the caller's: one thread
/// at a time for each MomentsView.
#pragma once

#include <cstddef>
#include <span>

namespace bierl {

/// Moments of a vector stream: how many, their mean, and m2 = sum of squared differences from the mean.
struct MomentsView {
  double* count;  ///< one number
  std::span<double> mean;
  std::span<double> m2;
};

/// Takes in one vector of mean.size() elements. Source: Welford 1962.
inline void add_to_moments(const MomentsView& moments, const double* value) {
  const double count = *moments.count += 1.0;
  const double inverse = 1.0 / count;
  double* const mean = moments.mean.data();
  double* const m2 = moments.m2.data();
  for (std::size_t i = 0, n = moments.mean.size(); i < n; ++i) {
    const double delta = value[i] - mean[i];
    mean[i] += delta * inverse;
    m2[i] += delta * (value[i] - mean[i]);
  }
}

/// `into` becomes the moments of both streams together. Merging rows in row order gives the same bits whichever thread
/// made them. Source: Chan, Golub & LeVeque 1983, eq. 2.1. Throws ShapeError when the sizes differ.
void merge_moments(const MomentsView& into, double count, std::span<const double> mean, std::span<const double> m2);

/// merge_moments for each row in turn: count (R,), mean and m2 (R, O). Nothing changes where it is asked to stop.
void merge_rows(const MomentsView& into, std::span<const double> count, std::span<const double> mean,
                std::span<const double> m2);

}  // namespace bierl
