/// Plain functions as tasks: named candidates in, the value of each row's parameters out.
///
///     PopulationView -> each row: perturb, call -> returns
///
/// One row is one call, which counts as one env step. Row i of the output answers row i of the population, whatever
/// the number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <bierl/core/parallel.hpp>
#include <bierl/core/population.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

/// A function of a vector, to be maximised. Called from several threads at once.
class Objective {
 public:
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  virtual ~Objective() = default;

  [[nodiscard]] virtual std::size_t dimension() const = 0;  ///< P
  /// Doubles of scratch memory that `value` works in.
  [[nodiscard]] virtual std::size_t scratch_size() const { return 0; }
  /// The return of parameters x (P,); higher is better. Not finite: the row failed.
  virtual double value(std::span<const float> x, std::span<double> scratch) const = 0;
};

/// A compiled function from elsewhere (a numba.cfunc): parameters and their number in, the return out.
class ExternalFunction final : public Objective {
 public:
  using Pointer = double (*)(const float*, std::int64_t);

  /// ArgumentError for a null pointer or a dimension of 0.
  ExternalFunction(Pointer function, std::size_t dimension);

  [[nodiscard]] std::size_t dimension() const override { return dimension_; }
  double value(std::span<const float> x, std::span<double>) const override {
    return function_(x.data(), static_cast<std::int64_t>(x.size()));
  }

 private:
  Pointer function_;
  std::size_t dimension_;
};

/// Any number of threads may call evaluate: what is shared out takes turns.
class FunctionRollout {
 public:
  /// `noise` is the standard deviation of the Gaussian noise on returns, drawn at (key, action, episode): rows of equal
  /// episode share it. ArgumentError for a noise that is negative or not finite, or threads < 1.
  FunctionRollout(std::shared_ptr<const Objective> objective, double noise, int threads);

  /// returns[r] = value of row r's parameters + noise. The calling thread begins alone; rows that are left when waking
  /// the others pays are shared out. Throws Interrupted when `wait` answers false (see ThreadPool::run).
  void evaluate(const PopulationView& population, std::span<double> returns, const ThreadPool::Wait& wait);

  [[nodiscard]] const Objective& objective() const { return *objective_; }

 private:
  /// One thread's memory.
  struct Worker {
    explicit Worker(const Objective& objective)
        : parameters(filled<float>(objective.dimension())), scratch(filled<double>(objective.scratch_size())) {}
    std::vector<float> parameters;
    std::vector<double> scratch;
  };
  void run_row(Worker& worker, const PopulationView& population, std::size_t row, std::span<double> returns) const;

  std::shared_ptr<const Objective> objective_;
  double noise_;
  std::vector<Worker> workers_;
  ThreadPool pool_;
};

}  // namespace bierl
