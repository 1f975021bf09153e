/// NumPy's default_rng(seed), without Python: SeedSequence, PCG64, and the distributions from libnpyrandom.
///
/// Gymnasium draws its resets from this generator; equal seeds give equal bits (tests/cpp, tests/parity).
#pragma once

#include <cstdint>
#include <span>

namespace bierl {

/// One thread at a time uses a generator.
class NumpyRandom {
 public:
  /// numpy.random.Generator(PCG64(SeedSequence(seed))); any 64-bit seed.
  explicit NumpyRandom(std::uint64_t seed);
  void seed(std::uint64_t seed);

  double uniform(double low, double high);  ///< Generator.uniform(low, high)
  double standard_normal();                 ///< Generator.standard_normal()
  double random();                          ///< Generator.random()
  /// Generator.integers(low, high): from `low` up to, and not including, `high`; low < high.
  std::int64_t integers(std::int64_t low, std::int64_t high);
  std::uint64_t next_uint64();  ///< PCG64.random_raw()
  /// Half of a 64-bit draw; the other half is kept for the next call, as by NumPy.
  std::uint32_t next_uint32();

 private:
  unsigned __int128 state_ = 0;
  unsigned __int128 increment_ = 0;
  bool half_kept_ = false;
  std::uint32_t half_ = 0;
};

}  // namespace bierl
