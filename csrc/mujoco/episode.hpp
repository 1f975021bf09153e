/// One whole episode: reset, then observe -> normalise -> policy -> step -> reward, to the end.
///
///     EpisodeContext (views prepared by the worker) -> run_episode under the Guard -> EpisodeResult
///
/// MuJoCo errors leave run_episode by longjmp: it holds no object with a destructor, and writes results through
/// pointers.
#pragma once

#include <atomic>

#include <bierl/core/address.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/policy.hpp>
#include <bierl/mujoco/task.hpp>

namespace bierl::mujoco {

/// What summarises an episode for novelty methods.
enum class Behaviour : int { none = 0, final_position = 1, final_observation = 2, actions = 3 };

/// Numbers in a descriptor: 2, O, or 4 A (the first two and the last two actions, whatever the episode's length).
std::size_t behaviour_size(Behaviour behaviour, const PolicyShape& shape);

struct EpisodeResult {
  double total = 0.0;   ///< return so far, also of a failed episode
  int steps = 0;        ///< env steps taken
  bool failed = false;  ///< diverged (bad state, reward not finite) or ended by a MuJoCo error
};

/// Everything an episode touches; memory belongs to the worker.
struct EpisodeContext {
  Task* task = nullptr;
  mjData* data = nullptr;
  const PolicyShape* shape = nullptr;
  const Normaliser* normaliser = nullptr;
  const std::atomic<bool>* stopping = nullptr;  ///< read each step
  int max_steps = 0;
  Behaviour behaviour = Behaviour::none;

  const float* parameters = nullptr;  // of this row
  NumpyRandom* random = nullptr;      // seeded for this row
  NoiseKey action_key;                // action noise is element step * A + a of row `action_row`
  std::uint32_t action_row = 0;
  bool noisy = false;
  MomentsView moments{};         // count null: not wanted
  double* descriptor = nullptr;  // behaviour_size numbers, or null

  double* observation = nullptr;  // scratch: O
  float* network = nullptr;       // scratch: shape->scratch_size()
  float* action = nullptr;        // scratch: A
  float* action_noise = nullptr;  // scratch: A
  float* action_std = nullptr;    // scratch: A
  float* noise_tile = nullptr;    // scratch: kTile
  EpisodeResult* result = nullptr;
};

/// An mjfBatchFunc: `context` is an EpisodeContext; model, data and sim of the guard are not used.
void run_episode(const mjModel* model, mjData* data, int sim, void* context);

}  // namespace bierl::mujoco
