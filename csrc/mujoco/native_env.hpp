/// One environment to step from outside: simulation, task, random generator and time limit.
///
///     EnvCore(id, model, options) -> seed -> reset(observation) -> step(action, observation) -> ... -> reset
///
/// The rollout does not go through here; it runs the same Task without the checks.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <bierl/mujoco/handles.hpp>
#include <bierl/mujoco/numpy_random.hpp>
#include <bierl/mujoco/options.hpp>
#include <bierl/mujoco/task.hpp>

namespace bierl::mujoco {

struct EnvStep {
  double reward;
  bool terminated;
  bool truncated;  ///< max_episode_steps were taken since reset
};

/// Calls from several threads wait for each other, but info() answers for the last call of whichever thread. Every call
/// that runs MuJoCo throws SimulationError when MuJoCo raised an error; then only reset helps.
class EnvCore {
 public:
  /// `max_episode_steps`: none means the task table's. Throws ArgumentError for a wrong id, option or limit.
  EnvCore(const std::string& id, Model model, const TaskOptions& options, std::optional<int> max_episode_steps);

  /// What follows draws from NumPy's default_rng(seed).
  void seed(std::uint64_t seed);
  /// Starts an episode from the generator as it stands. observation: (observation_size,) float64, written.
  void reset(std::span<double> observation);
  /// One control step. action: (action_size,) float32; observation as in reset. Throws ArgumentError before
  /// the first reset, ShapeError for another size. Past the end of an episode it steps on, as Gymnasium does.
  EnvStep step(std::span<const float> action, std::span<double> observation);

  int observation_size() const { return task_->observation_size(); }
  int action_size() const { return task_->action_size(); }
  /// (action_size, 2) float32: low and high of each control, from the model.
  std::vector<float> action_bounds() const;
  /// Whether the task has a root whose x, y describe where an episode ended.
  bool has_root_position() const {
    double xy[2];
    return task_->root_position(xy);
  }
  double control_timestep() const { return task_->control_timestep(); }
  int max_episode_steps() const { return max_episode_steps_; }
  int elapsed_steps() const { return elapsed_; }
  /// Positions, velocities, accelerations or controls went bad since reset. MuJoCo has put the state back to
  /// its start and stepped on, so returns from here are worth nothing.
  bool diverged() const { return diverged_; }

  /// Gymnasium's info of the last reset or step: its fields, and their values one after another.
  std::span<const InfoField> info_fields() const;
  std::vector<double> info() const;

 private:
  void run(mjfBatchFunc function, void* argument);

  Simulation simulation_;
  std::unique_ptr<Task> task_;
  NumpyRandom random_{0};
  int max_episode_steps_;
  int elapsed_ = 0;
  bool diverged_ = false;
  bool after_step_ = false;
  std::string needs_reset_;  // why, "" when stepping is fine
  std::mutex mutex_;
};

}  // namespace bierl::mujoco
