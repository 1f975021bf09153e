/// One native task: Gymnasium's observation, reward and termination over one MuJoCo simulation.
///
///     reset(random) -> observe(out) -> step(action) -> Step, observe(out) -> ... until terminated
///
/// A Task reads and writes the mjData it was built on and nothing else. NativeEnv and the rollout run the
/// same object. reset and step call MuJoCo, whose errors leave by longjmp: inside them, no object with a
/// destructor may be alive.
#pragma once

#include <mujoco/mujoco.h>

#include <cstdint>
#include <span>
#include <string>

#include <bierl/mujoco/numpy_random.hpp>

namespace bierl::mujoco {

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
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// mj_resetData (with warnings silenced), then the state that Gymnasium's reset(seed) draws from `random`,
  /// then mj_forward.
  virtual void reset(NumpyRandom& random) = 0;
  /// Advances frame_skip simulation steps. `action`: (action_size,) as given, not clipped; MuJoCo clamps
  /// controls.
  virtual Step step(const float* action) = 0;
  /// Writes (observation_size,) float64, bit for bit what Gymnasium's _get_obs returns.
  virtual void observe(double* out) const = 0;
  virtual int observation_size() const = 0;
  int action_size() const { return static_cast<int>(model_->nu); }
  /// Seconds of simulated time in one step: the model's timestep times frame_skip.
  virtual double control_timestep() const = 0;

  /// Gymnasium's info after reset and after step: fields in order, and their values one after another.
  virtual std::span<const InfoField> reset_info_fields() const = 0;
  virtual std::span<const InfoField> step_info_fields() const = 0;
  virtual void reset_info(double* out) const = 0;
  virtual void step_info(double* out) const = 0;

  /// x, y of the root where the task has one (the behaviour descriptor `final_position`); false where it has
  /// none.
  virtual bool root_position(double xy[2]) const = 0;

 protected:
  Task(const mjModel* model, mjData* data) : model_(model), data_(data) {}
  const mjModel* model_;  // not owned
  mjData* data_;          // not owned
};

}  // namespace bierl::mujoco
