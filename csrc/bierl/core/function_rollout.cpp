#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/function_rollout.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

using Clock = std::chrono::steady_clock;

// Waking the threads and waiting for them takes about as long.
constexpr std::chrono::microseconds kAlone{50};
// Rows that a thread takes at a time: enough that taking them costs nothing, few enough to end together.
constexpr std::chrono::microseconds kPortion{20};

}  // namespace

ExternalFunction::ExternalFunction(Pointer function, std::size_t dimension)
    : function_(function), dimension_(dimension) {
  require(function != nullptr, "a compiled function has an address, got 0");
  require(dimension >= 1, "a function needs a dimension of at least 1, got 0");
}

FunctionRollout::FunctionRollout(std::shared_ptr<const Objective> objective, double noise, int threads)
    : objective_(std::move(objective)), noise_(noise), pool_(threads) {
  require(std::isfinite(noise) && noise >= 0.0, "noise must be finite and at least 0, got " + std::to_string(noise));
  for (int i = 0; i < threads; ++i) workers_.emplace_back(*objective_);
}

void FunctionRollout::run_row(Worker& worker, const PopulationView& population, std::size_t row,
                              std::span<double> returns) const {
  row_parameters(population, row, worker.parameters);
  double value = objective_->value(worker.parameters, worker.scratch);
  if (noise_ > 0.0) {
    float normal = 0.0F;
    normals(population.key.with(Purpose::action), static_cast<std::uint32_t>(population.episode[row]), {&normal, 1});
    value += noise_ * static_cast<double>(normal);
  }
  returns[row] = value;
}

void FunctionRollout::evaluate(const PopulationView& population, std::span<double> returns,
                               const ThreadPool::Wait& wait) {
  population.check(objective_->dimension());
  const std::size_t rows = population.rows();
  require_size("returns", returns.size(), rows, "one for each row");
  const StopScope scope(wait);
  Worker own(*objective_);  // not the pool's: two callers may begin at once
  const auto start = Clock::now();
  Clock::duration spent{};
  std::size_t done = 0;
  // Looking at the clock after 1, 2, 4, ... rows is enough: the next ones take no longer than those before.
  for (std::size_t look = 1; done < rows && spent < kAlone; look *= 2) {
    for (const std::size_t end = std::min(rows, look); done < end; ++done) run_row(own, population, done, returns);
    stop_if_asked();
    spent = Clock::now() - start;
  }
  if (done == rows) return;
  const auto fitting = static_cast<std::size_t>(kPortion * done / std::max(spent, Clock::duration(1)));
  const std::size_t first = done, left = rows - done;
  const std::size_t portion =
      std::clamp(fitting, std::size_t{1}, std::max<std::size_t>(1, left / (4 * workers_.size())));
  pool_.run((left + portion - 1) / portion,
            [&](std::size_t worker, std::size_t job) {
              const std::size_t begin = first + job * portion, end = std::min(rows, begin + portion);
              for (std::size_t row = begin; row < end && !pool_.stopping(); ++row)
                run_row(workers_[worker], population, row, returns);
            },
            wait);
}

}  // namespace bierl
