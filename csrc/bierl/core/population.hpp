/// A population as the kernels see it: names of noise, and what a row of it runs.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <bierl/core/address.hpp>
#include <bierl/core/parallel.hpp>

namespace bierl {

/// Views of a Population (bierl_fast/messages.py gives the meaning).
struct PopulationView {
  NoiseKey key;
  std::span<const float> bases;           ///< (B, P)
  std::span<const float> scales;          ///< (B, P) or empty
  std::span<const std::int32_t> base;     ///< (R,)
  std::span<const float> sigma;           ///< (R,)
  std::span<const std::int32_t> noise;    ///< (R,)
  std::span<const std::int8_t> sign;      ///< (R,)
  std::span<const std::int32_t> episode;  ///< (R,)

  [[nodiscard]] std::size_t rows() const { return base.size(); }
  /// ShapeError or ArgumentError with the first row that does not fit a policy of `parameters` parameters.
  void check(std::size_t parameters) const;
};

/// The parameters that row `row` runs.
void row_parameters(const PopulationView& population, std::size_t row, std::span<float> out);

/// out (k, parameters) = the parameters of the rows from `first` on, made by the threads of `pool` if there is one.
/// `population` is checked already. Throws ArgumentError when there are not so many rows.
void population_parameters(const PopulationView& population, std::size_t first, std::size_t parameters,
                           std::span<float> out, ThreadPool* pool = nullptr);

/// Gymnasium's reset(seed) of rows with this `episode`: a pure function of the address, below 2^63.
std::uint64_t reset_seed(const NoiseKey& key, std::int32_t episode);

}  // namespace bierl
