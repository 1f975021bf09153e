/// One environment to step from outside: task, random generator and time limit.
///
///     EnvCore(tasks) -> seed -> reset(observation) -> step(action, observation) -> ... -> reset
///
/// The rollout does not go through here; it runs the same Task without the checks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <bierl/core/turn.hpp>
#include <bierl/episode/numpy_random.hpp>
#include <bierl/episode/task.hpp>

namespace bierl {

struct EnvStep {
  double reward;
  bool terminated;
  bool truncated;  ///< max_episode_steps were taken since reset
};

/// Gymnasium's info: its fields, and their values one after another.
struct EnvInfo {
  std::span<const InfoField> fields;
  std::vector<double> values;
};

/// Any number of threads may call: one call waits for another, and each answers for the last reset or step of whichever
/// thread. reset and step throw SimulationError when the simulator raised an error, and step throws Interrupted when it
/// was asked to stop (stopping.hpp); then only reset helps. A call from what a call waits for, and one in a process
/// forked while another thread was in one, is an ArgumentError.
class EnvCore {
 public:
  /// `max_episode_steps`: none means the task's own. Throws ArgumentError for a limit below 1, and what making the task
  /// throws.
  explicit EnvCore(const TaskFactory& tasks, std::optional<int> max_episode_steps = {});

  /// What follows draws from NumPy's default_rng(seed).
  void seed(std::uint64_t seed);
  /// Starts an episode from the generator as it stands. observation: (observation_size,) float64, written.
  void reset(std::span<double> observation);
  /// One control step. action: (action_size,) float32; observation as in reset. Throws ArgumentError before
  /// the first reset, ShapeError for another size. Past the end of an episode it steps on, as Gymnasium does.
  EnvStep step(std::span<const float> action, std::span<double> observation);

  int observation_size() const { return task_->observation_size(); }
  int action_size() const { return task_->action_size(); }
  /// (action_size, 2) float32: low and high of each control.
  std::vector<float> action_bounds() const { return task_->action_bounds(); }
  int discrete_actions() const { return task_->discrete_actions(); }                     ///< 0: not discrete
  std::vector<float> observation_bounds() const { return task_->observation_bounds(); }  ///< see Task
  /// Whether the task has a root whose x, y describe where an episode ended.
  bool has_root_position() const;
  double control_timestep() const { return task_->control_timestep(); }
  int max_episode_steps() const { return max_episode_steps_; }
  int elapsed_steps() const;
  /// The state went bad since reset, so returns from here are worth nothing. (MuJoCo has put it back to its start and
  /// stepped on.)
  bool diverged() const;

  /// What who draws it needs; see Task.
  std::vector<unsigned char> saved_model() const;
  void copy_state(void* state) const;

  /// Of the last reset or step. The fields live as long as this object.
  EnvInfo info() const;

 private:
  void run(Task::Guarded function, void* argument);

  std::unique_ptr<Task> task_;
  NumpyRandom random_{0};
  int max_episode_steps_;
  int elapsed_ = 0;
  bool diverged_ = false;
  bool after_step_ = false;
  std::string needs_reset_;  // why, "" when stepping is fine
  mutable Turn turn_;        // with all that a step changes
};

}  // namespace bierl
