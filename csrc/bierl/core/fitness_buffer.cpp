#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include <bierl/core/error.hpp>
#include <bierl/core/fitness_buffer.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr const char* kName = "fitness buffer";
constexpr double kCut = 10.0;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

constexpr std::size_t kMost = std::size_t{1} << 20;

std::size_t in_range(const char* name, std::size_t value, std::size_t least) {
  require(value >= least && value <= kMost, std::string(name) + " must be in [" + std::to_string(least) + ", " +
                                                std::to_string(kMost) + "], got " + std::to_string(value));
  return value;
}

// Of two windows; both factors are in range, so the product does not wrap.
std::size_t floats(std::size_t history, std::size_t features) {
  constexpr std::size_t kMostFloats = std::size_t{1} << 26;
  require(history * features <= kMostFloats, "history x features must be at most " + std::to_string(kMostFloats) +
                                                 ", got " + std::to_string(history) + " x " + std::to_string(features));
  return 2 * history * features;
}

// value / spread within +-kCut; zero where it says nothing.
float in_spreads(double value, double spread) {
  if (spread == 0.0 || !std::isfinite(value)) return 0.0F;
  return static_cast<float>(std::clamp(value / spread, -kCut, kCut));
}

double hazen_quantile(std::span<const double> sorted, double probability) {
  const auto n = static_cast<double>(sorted.size());
  const double position = std::clamp(probability * n - 0.5, 0.0, n - 1.0);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> sorted_survivors(std::span<const double> returns, std::span<const bool> failed) {
  std::vector<double> survivors;
  each_in_parts(returns.size(), [&](std::size_t i) {
    if (failed[i]) return;
    if (!std::isfinite(returns[i]))
      throw ArgumentError("returns[" + std::to_string(i) + "] is not finite and not marked as failed");
    survivors.push_back(returns[i]);
  });
  require(!survivors.empty(), "all " + std::to_string(returns.size()) + " candidates failed; nothing to describe");
  Pace pace;
  std::sort(survivors.begin(), survivors.end(), [&](double a, double b) {
    pace.did(1);
    return a < b;
  });
  return survivors;
}

}  // namespace

FitnessBuffer::FitnessBuffer(std::size_t history, std::size_t quantiles, std::size_t hyperparameters)
    : history_(in_range("history", history, 1)),
      quantiles_(in_range("quantiles", quantiles, 1)),
      hyperparameters_(in_range("hyperparameters", hyperparameters, 0)),
      last_mean_(kNone),
      last_center_(kNone),
      rows_(floats(history, quantiles + hyperparameters + 6), 0.0F) {}

void FitnessBuffer::describe(std::span<const double> sorted, double mean, double spread, double center,
                             std::span<float> row) const {
  for (std::size_t j = 0; j < quantiles_; ++j) {
    const double probability = (static_cast<double>(j) + 0.5) / static_cast<double>(quantiles_);
    row[j] = in_spreads(hazen_quantile(sorted, probability) - mean, spread);
  }
  if (std::isfinite(center)) {
    const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), center);
    const double below = static_cast<double>((low - sorted.begin()) + (high - sorted.begin())) / 2.0;
    row[quantiles_] = static_cast<float>(below / static_cast<double>(sorted.size()) - 0.5);
  }
  row[quantiles_ + 1] = in_spreads(center - mean, spread);
  row[quantiles_ + 2] = in_spreads(mean - last_mean_, spread);
  row[quantiles_ + 3] = in_spreads(center - last_center_, spread);
}

void FitnessBuffer::push(std::span<const double> returns, std::span<const bool> failed, double center,
                         std::span<const double> hyperparameters) {
  require_size("failed", failed.size(), returns.size(), "one flag for each return");
  require_size("hyperparameters", hyperparameters.size(), hyperparameters_, "as many as the buffer was made for");
  const std::vector<double> sorted = sorted_survivors(returns, failed);
  const auto n = static_cast<double>(sorted.size());
  const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  double squares = 0.0;
  for (const double value : sorted) squares += (value - mean) * (value - mean);
  const double spread = sorted.front() == sorted.back() ? 0.0 : std::sqrt(squares / n);

  std::vector<float> row(features(), 0.0F);
  const Turn::Held held(turn_, kName);
  describe(sorted, mean, spread, center, row);
  for (std::size_t k = 0; k < hyperparameters_; ++k) row[quantiles_ + 4 + k] = static_cast<float>(hyperparameters[k]);
  row[quantiles_ + 4 + hyperparameters_] = static_cast<float>(1.0 - n / static_cast<double>(returns.size()));
  row.back() = 1.0F;

  for (const std::size_t at : {head_, head_ + history_})
    std::copy(row.begin(), row.end(), rows_.begin() + static_cast<std::ptrdiff_t>(at * features()));
  head_ = (head_ + 1) % history_;
  filled_ = std::min(filled_ + 1, history_);
  last_mean_ = mean;
  last_center_ = center;
}

void FitnessBuffer::window(std::span<float> out) const {
  require_size("window", out.size(), history_ * features(), "history rows of features");
  const Turn::Held held(turn_, kName);
  std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(head_ * features()), out.size(), out.begin());
}

std::size_t FitnessBuffer::filled() const {
  const Turn::Held held(turn_, kName);
  return filled_;
}

double FitnessBuffer::last_mean() const {
  const Turn::Held held(turn_, kName);
  return last_mean_;
}

double FitnessBuffer::last_center() const {
  const Turn::Held held(turn_, kName);
  return last_center_;
}

FitnessBuffer::State FitnessBuffer::state() const {
  const std::size_t size = history_ * features();
  const Turn::Held held(turn_, kName);
  const auto first = rows_.begin() + static_cast<std::ptrdiff_t>(head_ * features());
  return {{first, first + static_cast<std::ptrdiff_t>(size)}, filled_, last_mean_, last_center_};
}

void FitnessBuffer::restore(std::span<const float> window, std::size_t filled, double last_mean, double last_center) {
  require_size("window", window.size(), history_ * features(), "history rows of features");
  require(filled <= history_, "filled must be at most history, got " + std::to_string(filled));
  const Turn::Held held(turn_, kName);
  std::copy(window.begin(), window.end(), rows_.begin());
  std::copy(window.begin(), window.end(), rows_.begin() + static_cast<std::ptrdiff_t>(window.size()));
  head_ = 0;
  filled_ = filled;
  last_mean_ = last_mean;
  last_center_ = last_center;
}

}  // namespace bierl
