/// One whole episode: reset, then observe -> normalise -> policy -> step -> reward, to the end.
///
///     EpisodeContext (views prepared by the worker) -> run_episode under the Guard -> EpisodeResult
///
/// MuJoCo errors leave run_episode by longjmp: it holds no object with a destructor, and writes results through
/// pointers.
#pragma once

#include <atomic>

#include <bierl/core/actor.hpp>
#include <bierl/mujoco/task.hpp>

namespace bierl::mujoco {

struct EpisodeResult {
  double total = 0.0;   ///< return so far, also of a failed episode
  int steps = 0;        ///< env steps taken
  bool failed = false;  ///< diverged (bad state, reward not finite) or ended by a MuJoCo error
};

/// Everything an episode touches; memory belongs to the worker.
struct EpisodeContext {
  Task* task = nullptr;
  mjData* data = nullptr;
  Actor actor;
  NumpyRandom* random = nullptr;                // seeded for this row
  const std::atomic<bool>* stopping = nullptr;  ///< read each step
  int max_steps = 0;
  double* observation = nullptr;  // scratch: O
  float* action = nullptr;        // scratch: A
  EpisodeResult* result = nullptr;
};

/// An mjfBatchFunc: `context` is an EpisodeContext; model, data and sim of the guard are not used.
void run_episode(const mjModel* model, mjData* data, int sim, void* context);

}  // namespace bierl::mujoco
