/// One task: observation, reward and termination over one simulation, whichever simulator it runs in.
///
///     reset(random) -> observe(out) -> step(action) -> Step, observe(out) -> ... until terminated
///
/// A Task owns its simulation and touches nothing else. EnvCore and the rollout run the same object. Derive from it to
/// bring a simulator or a task of your own; bierl/mujoco/mujoco_task.hpp is one that does. One thread at a time uses a
/// Task; tasks in different threads do not meet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <bierl/episode/numpy_random.hpp>

namespace bierl {

/// What one control step answers. Truncation belongs to the episode, not to the task.
struct Step {
  double reward;
  bool terminated;
};

/// One entry of Gymnasium's `info`: a number (size 1) or a short array.
struct InfoField {
  std::string name;
  std::int64_t size = 1;
  bool scalar = true;
};

class Task {
 public:
  Task() = default;
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Starts an episode in the state that Gymnasium's reset(seed) draws from `random`. Repairs what an error left.
  /// `random` stays where it is as long as the episode lasts: a task may keep it to draw from in `step`.
  virtual void reset(NumpyRandom& random) = 0;
  /// One control step. `action`: (action_size,) as given, not clipped. One that takes long asks `asked_to_stop()`
  /// (stopping.hpp) now and then and returns early when told so; what it then answers is not used.
  virtual Step step(const float* action) = 0;
  /// Writes (observation_size,) float64, bit for bit what Gymnasium's _get_obs returns.
  virtual void observe(double* out) const = 0;
  /// Whether the state went bad (not finite, or huge) since this was last asked or since reset. Asked after each step;
  /// a task that answers true fails its episode.
  virtual bool diverged() { return false; }

  [[nodiscard]] virtual int observation_size() const = 0;
  [[nodiscard]] virtual int action_size() const = 0;
  /// (action_size, 2): low and high of each control.
  [[nodiscard]] virtual std::vector<float> action_bounds() const = 0;
  /// How many actions there are to choose from where actions are discrete: there is a control for each, and the largest
  /// acts, among equals the first. 0: they are not.
  [[nodiscard]] virtual int discrete_actions() const { return 0; }
  /// (observation_size, 2): low and high of each number of Gymnasium's observation, which then is of single precision;
  /// empty: unbounded, and of double precision.
  [[nodiscard]] virtual std::vector<float> observation_bounds() const { return {}; }
  /// Seconds of simulated time in one step.
  [[nodiscard]] virtual double control_timestep() const = 0;

  /// Gymnasium's info after reset and after step: fields in order, and their values one after another. The fields stay
  /// the same as long as the task lives.
  [[nodiscard]] virtual std::span<const InfoField> reset_info_fields() const { return {}; }
  [[nodiscard]] virtual std::span<const InfoField> step_info_fields() const { return {}; }
  virtual void reset_info(double*) const {}
  virtual void step_info(double*) const {}

  /// x, y of the root where the task has one (the behavior descriptor `final_position`); false where it has none.
  virtual bool root_position(double[2]) const { return false; }

  /// For who draws it: the model in the simulator's own form (MuJoCo's: MJB), and the state, copied into an object of
  /// the simulator's own for that model (an mjData). No model: it draws no pictures.
  [[nodiscard]] virtual std::vector<unsigned char> saved_model() const { return {}; }
  virtual void copy_state(void* /*state*/) const {}

  /// What `guarded` runs. A simulator may leave it by longjmp, which runs no destructor: in the function and in all
  /// that it calls, no object with a destructor may be alive while reset, step or observe run. So it is a plain
  /// function and not a std::function, and what it works on is behind `argument`, the caller's.
  using Guarded = void (*)(void* argument);
  /// Calls function(argument), which runs reset, step and observe of this task, so that an error of the simulator ends
  /// that function alone. False when there was one: `error` has its text, and only reset helps. Around a whole episode
  /// or around one step: what it costs is paid once. As it stands here, for simulators that throw SimulationError;
  /// any other exception passes through.
  virtual bool guarded(Guarded function, void* argument);
  /// The text of the last error that `guarded` stopped.
  [[nodiscard]] virtual std::string error() const { return error_; }
  /// What made `diverged` true since reset, where that was not the simulator: "my_robot, reward 2 (lean) gave nan".
  [[nodiscard]] virtual std::string complaint() const { return {}; }

 private:
  std::string error_;
};

/// How tasks are made, each with a simulation of its own, as a rollout needs one for each thread.
struct TaskFactory {
  std::string name;                             ///< what errors call the task
  int max_episode_steps = 0;                    ///< the task's own time limit, in control steps
  std::function<std::unique_ptr<Task>()> make;  ///< called by one thread
};

}  // namespace bierl
