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
  std::uint64_t next_uint64();              ///< PCG64.random_raw()

 private:
  unsigned __int128 state_ = 0;
  unsigned __int128 increment_ = 0;
};

}  // namespace bierl
