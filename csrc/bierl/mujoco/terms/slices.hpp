/// Quantities that lie in mjData as they are, whole or in parts.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <bierl/mujoco/terms/quantity.hpp>

namespace bierl::mujoco::terms {

/// `size` numbers that lie side by side.
class Whole : public Quantity {
 public:
  Whole(const double* values, mjtSize size) : Quantity(size), values_(values) {}
  const double* read() final { return values_; }

 private:
  const double* values_;
};

/// Where a part lies, and how many numbers it has.
struct Slice {
  const double* values;
  mjtSize size;
};

inline mjtSize total(const std::vector<Slice>& slices) {
  return std::accumulate(slices.begin(), slices.end(), mjtSize{0},
                         [](mjtSize sum, const Slice& slice) { return sum + slice.size; });
}

/// Parts, one after another. One part is read where it lies.
class Parts : public Quantity {
 public:
  explicit Parts(std::vector<Slice> slices)
      : Quantity(total(slices)),
        slices_(std::move(slices)),
        values_(slices_.size() == 1 ? 0 : static_cast<std::size_t>(size())) {}
  const double* read() final {
    if (values_.empty()) return slices_.front().values;
    double* out = values_.data();
    for (const Slice& slice : slices_) out = std::copy_n(slice.values, slice.size, out);
    return values_.data();
  }

 private:
  std::vector<Slice> slices_;
  std::vector<double> values_;
};

}  // namespace bierl::mujoco::terms
