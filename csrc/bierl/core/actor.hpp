/// What an episode does around its environment: observation in, action out, and what is remembered of both.
///
///     begin -> (environment observes) act (environment steps) answered ... -> finish
///
/// The native rollout calls it inside MuJoCo, whose errors leave by longjmp: an Actor is views only, allocates nothing
/// and has no destructor. The process pool's workers call the same code around a Python environment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <bierl/core/address.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/policy.hpp>
#include <bierl/core/replay.hpp>

namespace bierl {

/// What summarises an episode for novelty methods.
enum class Behavior : int { none = 0, final_position = 1, final_observation = 2, actions = 3 };

/// Numbers in a descriptor: 2, O, or 4 A (the first two and the last two actions, whatever the episode's length).
std::size_t behavior_size(Behavior behavior, const PolicyShape& shape);

/// Scratch of one actor, made once for each worker.
struct ActorMemory {
  explicit ActorMemory(const PolicyShape& shape);
  std::vector<float> network;  ///< shape.scratch_size()
  std::vector<float> noise;    ///< (A,)
  std::vector<float> std;      ///< (A,)
  std::vector<float> tile;     ///< kTile
};

/// One episode's actor, used by one thread. All memory is the caller's.
struct Actor {
  const PolicyShape* shape = nullptr;
  const Normalizer* normalizer = nullptr;
  const float* parameters = nullptr;  ///< (P,); null where the network is not ours: observe and respond alone
  NoiseKey action_key;                ///< action noise is element step * A + a of row `action_row`
  std::uint32_t action_row = 0;
  bool noisy = false;
  MomentsView moments{};  ///< count null: not wanted
  Behavior behavior = Behavior::none;
  double* descriptor = nullptr;  ///< behavior_size numbers, or null
  TransitionRecorder recorder;   ///< with room for every step, or none
  ActorMemory* memory = nullptr;
  std::size_t step = 0;  ///< actions taken

  /// Before the first observation.
  void begin();
  /// One step: observe, the compiled network, respond. `action`: (A,).
  void act(const double* observation, float* action);
  /// The first half: takes the observation (O,) into the moments and writes the network's input (O,).
  void observe(const double* observation, float* input) const;
  /// The second half: the network's output (A,) becomes the action, in place, noise and box included.
  void respond(float* action);
  /// What the environment answered to the last action; for the recorder, and needless without.
  void answered(double reward, bool terminated) const;
  /// After the last step: the observation that the environment ended with. final_position is the environment's to tell.
  void finish(const double* observation) const;
};
static_assert(std::is_trivially_destructible_v<Actor>);

}  // namespace bierl
