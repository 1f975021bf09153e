/// bierl_fast.messages.Population -> PopulationView.
#pragma once

#include <cstdint>
#include <vector>

#include <bierl/core/population.hpp>

#include "arrays.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

/// A population for a call that gives up the GIL, in which other threads may change it. What says where a row finds its
/// numbers is a copy; base_bp and scale_bp are kept alive.
class HeldPopulation {
 public:
  /// TypeError or ValueError for an array that does not fit candidates with so many parameters.
  HeldPopulation(const py::object& population, py::ssize_t parameters);

  [[nodiscard]] const PopulationView& view() const { return view_; }
  [[nodiscard]] std::size_t rows() const { return view_.rows(); }

  /// work(view) without the GIL, as `unlocked`. ArgumentError when base_bp or scale_bp changed meanwhile.
  template <class Work>
  void unlocked(const Work& work) const {
    bindings::unlocked([&] {
      const std::uint64_t before = sum();
      work(view_);
      require(sum() == before,
              "the population's base_bp or scale_bp changed while it was evaluated; change a copy, or wait until "
              "evaluate has returned");
    });
  }
  /// Of base_bp and scale_bp: tells arrays apart, in less time than perturbing one takes.
  [[nodiscard]] std::uint64_t sum() const;

 private:
  py::object bases_, scales_;
  std::vector<std::int32_t> base_, noise_, episode_;
  std::vector<float> sigma_;
  std::vector<std::int8_t> sign_;
  PopulationView view_;
};

}  // namespace bierl::bindings
