/// Randomness has an address: every number drawn is a pure function of where it stands.
///
///     key     = run seed                                     64 bits
///     counter = (block, row, generation, 4 * stream + purpose)    4 x 32 bits
///
/// Each part has bits of its own, so two different addresses can never share a counter: streams, purposes, generations
/// and rows are collision-free by construction.
#pragma once

#include <cstdint>

namespace bierl {

/// What a number is drawn for within a stream.
enum class Purpose : std::uint32_t { noise = 0, reset = 1, action = 2, replay = 3 };

/// Names one generation of one stream. Streams are numbered in bierl_fast/messages.py.
struct NoiseKey {
  std::uint64_t run_seed = 0;
  std::uint32_t generation = 0;
  std::uint32_t stream = 0;  ///< below 2**30
  Purpose purpose = Purpose::noise;

  [[nodiscard]] NoiseKey with(Purpose other) const { return {run_seed, generation, stream, other}; }
  [[nodiscard]] std::uint32_t domain() const { return 4 * stream + static_cast<std::uint32_t>(purpose); }
};

}  // namespace bierl
