/// Whole-episode rollouts: named candidates in, one line of results a row out, on every thread.
///
///     PopulationView -> ThreadPool -> each row: perturb, reset, episode -> RowResults
///
/// Row i of every output answers row i of the population, whatever the number of threads or the order of starting. A
/// simulator's error or a diverged simulation marks its own row failed and touches no other.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <bierl/core/parallel.hpp>
#include <bierl/core/policy.hpp>
#include <bierl/core/population.hpp>
#include <bierl/episode/episode.hpp>
#include <bierl/episode/task.hpp>

namespace bierl {

/// Where results go; every span has one entry (or one block) for each row. Those after `failed` may be empty: not
/// wanted.
struct RowResults {
  std::span<double> returns;
  std::span<std::int32_t> lengths;
  std::span<bool> failed;
  std::span<double> moment_count{};  ///< (R,) zero for a failed row: its moments are not to be merged
  std::span<double> moment_mean{};   ///< (R, O)
  std::span<double> moment_m2{};     ///< (R, O)
  std::span<double> behavior{};      ///< (R, D)
  std::span<double> entropy{};  ///< (R,) policy entropy a step, relative to that of the configured log_std, in nats
  /// (R,) each row's transitions, (steps, width); none of a failed row.
  std::span<std::vector<float>> transitions{};
};

/// Any number of threads may call evaluate: calls of one Rollout take turns, two Rollouts run side by side.
class Rollout {
 public:
  struct Settings {
    PolicyShape shape;
    int max_steps = 0;  ///< env steps after which an episode is truncated, and the most whose transitions are recorded
    Behavior behavior = Behavior::none;
    bool transitions = false;  ///< whether any evaluation will ask for transitions
    int threads = 1;
  };

  /// Makes a task for each thread. ArgumentError, SimulationError.
  Rollout(const TaskFactory& tasks, Settings settings);
  ~Rollout();

  /// Runs every row; rows start in the order given by `order` (a permutation; empty: as they stand). Action noise is
  /// drawn when the policy has one and `explore` is true. `max_steps` is this call's own; 0: the settings'.
  /// Throws Interrupted when `wait` answers false (see ThreadPool::run).
  void evaluate(const PopulationView& population, const Normalizer& normalizer, std::span<const std::int32_t> order,
                bool explore, const RowResults& results, const ThreadPool::Wait& wait, int max_steps = 0);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  /// The first complaint (see Task) of a failed row, once; "" without one, and when it was asked for before.
  std::string complaint();

 private:
  struct Worker;
  void run_row(Worker& worker, const PopulationView& population, const Normalizer& normalizer, int max_steps,
               bool explore, std::size_t row, const RowResults& results);
  void keep_complaint(const Task& task);

  Settings settings_;
  std::vector<std::unique_ptr<Worker>> workers_;
  ThreadPool pool_;
  std::mutex complaining_;  // with what follows
  std::string complaint_;
  bool told_ = false;
};

}  // namespace bierl
