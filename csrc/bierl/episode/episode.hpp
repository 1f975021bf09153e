/// One whole episode: reset, then observe -> normalise -> policy -> step -> reward, to the end.
///
///     EpisodeContext (views prepared by the worker) -> run_episode under Task::guarded -> EpisodeResult
#pragma once

#include <atomic>
#include <type_traits>

#include <bierl/core/actor.hpp>
#include <bierl/episode/task.hpp>

namespace bierl {

struct EpisodeResult {
  double total = 0.0;   ///< return so far, also of a failed episode
  int steps = 0;        ///< env steps taken
  bool failed = false;  ///< diverged (bad state, reward not finite) or ended by an error of the simulator
};

/// Everything an episode touches; memory belongs to the worker, and results are written through pointers, so that they
/// are there when the simulator's error ends the episode.
struct EpisodeContext {
  Task* task = nullptr;
  Actor actor;
  NumpyRandom* random = nullptr;                // seeded for this row
  const std::atomic<bool>* stopping = nullptr;  ///< read each step
  int max_steps = 0;
  double* observation = nullptr;  // scratch: O
  float* action = nullptr;        // scratch: A
  EpisodeResult* result = nullptr;
};
// What an episode works on has no destructor that a longjmp could leave out.
static_assert(std::is_trivially_destructible_v<EpisodeContext>);

/// A Task::Guarded: `context` is an EpisodeContext.
void run_episode(void* context);

}  // namespace bierl
