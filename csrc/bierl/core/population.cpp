#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/population.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr std::size_t kSharedElements = 1 << 15;  // below that the noise is made sooner than threads wake

[[noreturn]] void refuse_row(std::size_t row, const std::string& message) {
  throw ArgumentError("row " + std::to_string(row) + " of the population: " + message);
}

// Kernels that take a microsecond a row call this for every row: no message is put together for a good one.
void check_row(const PopulationView& view, std::size_t row, std::span<const float> largest) {
  const auto bases = static_cast<std::int64_t>(largest.size());
  if (view.base[row] < 0 || view.base[row] >= bases)
    refuse_row(row, "base " + std::to_string(view.base[row]) + " of " + std::to_string(bases));
  if (view.noise[row] < 0 || view.episode[row] < 0) refuse_row(row, "noise and episode must not be negative");
  if (view.sign[row] < -1 || view.sign[row] > 1)
    refuse_row(row, "sign must be -1, 0 or 1, got " + std::to_string(view.sign[row]));
  if (!std::isfinite(view.sigma[row]) || view.sigma[row] < 0.0F)
    refuse_row(row, "sigma must be finite and not negative, got " + std::to_string(view.sigma[row]));
  const float scale = largest[static_cast<std::size_t>(view.base[row])];
  if (!fits_noise(view.sigma[row], scale))
    refuse_row(row,
               "sigma and scale must be finite and small enough for single precision, sigma * scale * 6.67 below "
               "3.4e38; got sigma " +
                   std::to_string(view.sigma[row]) + " and scale up to " + std::to_string(scale));
}

}  // namespace

void PopulationView::check(std::size_t parameters) const {
  const std::string why = "one entry for each row";
  require_size("sigma_r", sigma.size(), rows(), why);
  require_size("noise_r", noise.size(), rows(), why);
  require_size("sign_r", sign.size(), rows(), why);
  require_size("episode_r", episode.size(), rows(), why);
  require(parameters > 0 && !bases.empty() && bases.size() % parameters == 0,
          "base_bp must be (B, " + std::to_string(parameters) + ") for this policy, got " +
              std::to_string(bases.size()) + " elements");
  if (!scales.empty()) require_size("scale_bp", scales.size(), bases.size(), "the shape of base_bp");
  std::vector<float> largest(bases.size() / parameters, 1.0F);  // the scale of each base
  Pace pace;
  for (std::size_t b = 0; b < largest.size() && !scales.empty(); ++b) {
    largest[b] = largest_scale(scales.subspan(b * parameters, parameters));
    pace.did(parameters);
  }
  each_in_parts(rows(), [&](std::size_t r) { check_row(*this, r, largest); });
}

void row_parameters(const PopulationView& population, std::size_t row, std::span<float> out) {
  const std::size_t at = static_cast<std::size_t>(population.base[row]) * out.size();
  const auto base = population.bases.subspan(at, out.size());
  if (population.sign[row] == 0) {
    in_parts(base.size(), kBetweenQuestions, [&](std::size_t begin, std::size_t count) {
      std::copy_n(base.begin() + static_cast<std::ptrdiff_t>(begin), count,
                  out.begin() + static_cast<std::ptrdiff_t>(begin));
    });
    return;
  }
  const auto scale = population.scales.empty() ? population.scales : population.scales.subspan(at, out.size());
  const float step = static_cast<float>(population.sign[row]) * population.sigma[row];
  perturb_checked(base, step, population.key.with(Purpose::noise), static_cast<std::uint32_t>(population.noise[row]),
                  scale, out);
}

void population_parameters(const PopulationView& population, std::size_t first, std::size_t parameters,
                           std::span<float> out, ThreadPool* pool) {
  require(parameters > 0 && out.size() % parameters == 0,
          "out must be (rows, " + std::to_string(parameters) + "), got " + std::to_string(out.size()) + " elements");
  const std::size_t rows = out.size() / parameters;
  require(first <= population.rows() && rows <= population.rows() - first,
          "rows " + std::to_string(first) + " to " + std::to_string(first + rows) + " of a population of " +
              std::to_string(population.rows()));
  const auto row = [&](std::size_t, std::size_t index) {
    row_parameters(population, first + index, out.subspan(index * parameters, parameters));
  };
  if (pool != nullptr && out.size() > kSharedElements) {
    pool->run(rows, row);
  } else {
    Pace pace;
    for (std::size_t index = 0; index < rows; ++index) {
      row(0, index);
      pace.did(parameters);
    }
  }
}

std::uint64_t reset_seed(const NoiseKey& key, std::int32_t episode) {
  return uniform64(key.with(Purpose::reset), static_cast<std::uint32_t>(episode), 0) >> 1;
}

}  // namespace bierl
