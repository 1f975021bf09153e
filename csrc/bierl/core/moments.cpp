#include <algorithm>
#include <limits>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

}  // namespace

void merge_moments(const MomentsView& into, double count, std::span<const double> mean, std::span<const double> m2) {
  require_size("mean", mean.size(), into.mean.size(), "as many elements as the moments merged into");
  require_size("m2", m2.size(), into.m2.size(), "as many elements as the moments merged into");
  if (count == 0.0) return;
  const double before = *into.count;
  const double total = before + count;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const double delta = mean[i] - into.mean[i];
    into.mean[i] += delta * (count / total);
    const double between = before == 0.0 ? 0.0 : delta * delta * (before * count / total);
    // Squares of finite observations may overflow: the sum then stays at the largest number, and finite.
    into.m2[i] = std::min(into.m2[i] + (m2[i] + between), kLargest);
  }
  *into.count = total;
}

void merge_rows(const MomentsView& into, std::span<const double> count, std::span<const double> mean,
                std::span<const double> m2) {
  const std::size_t size = into.mean.size();
  require_size("mean", mean.size(), count.size() * size, "one block for each row");
  require_size("m2", m2.size(), count.size() * size, "one block for each row");
  // Into a copy: one that is stopped changes nothing.
  double merged_count = *into.count;
  std::vector<double> merged_mean(into.mean.begin(), into.mean.end()), merged_m2(into.m2.begin(), into.m2.end());
  Pace pace;
  for (std::size_t row = 0; row < count.size(); ++row) {
    merge_moments({&merged_count, merged_mean, merged_m2}, count[row], mean.subspan(row * size, size),
                  m2.subspan(row * size, size));
    pace.did(size);
  }
  *into.count = merged_count;
  std::copy(merged_mean.begin(), merged_mean.end(), into.mean.begin());
  std::copy(merged_m2.begin(), merged_m2.end(), into.m2.begin());
}

}  // namespace bierl
