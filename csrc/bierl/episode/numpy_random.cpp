#include <bierl/episode/numpy_random.hpp>

#include <numpy/random/bitgen.h>

#include <array>
#include <cstddef>

// From libnpyrandom.a. Declared here because NumPy's distributions.h includes Python.h.
extern "C" {
double random_standard_normal(bitgen_t* bits);
double random_uniform(bitgen_t* bits, double low, double range);
std::uint64_t random_bounded_uint64(bitgen_t* bits, std::uint64_t offset, std::uint64_t range, std::uint64_t mask,
                                    bool masked);
}

namespace bierl {
namespace {

using Wide = unsigned __int128;
using Words = std::array<std::uint32_t, 4>;

constexpr Wide wide(std::uint64_t high, std::uint64_t low) { return (Wide{high} << 64) | low; }

// M. E. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random
// Number Generation", 2014: the 128-bit linear congruential generator's multiplier.
constexpr Wide kMultiplier = wide(2549297995355413924ULL, 4865540595714422341ULL);

/// A multiplicative hash whose constant moves on with every word, after M. E. O'Neill, "Developing a seed_seq
/// Alternative", 2015; the constants are the ones NumPy documents for SeedSequence.
class WordHash {
 public:
  WordHash(std::uint32_t constant, std::uint32_t multiplier) : constant_(constant), multiplier_(multiplier) {}
  std::uint32_t operator()(std::uint32_t word) {
    word ^= constant_;
    constant_ *= multiplier_;
    word *= constant_;
    return word ^ (word >> 16);
  }

 private:
  std::uint32_t constant_;
  std::uint32_t multiplier_;
};

std::uint32_t mixed(std::uint32_t into, std::uint32_t word) {
  const std::uint32_t sum = 0xca01f9ddU * into - 0x4973f715U * word;
  return sum ^ (sum >> 16);
}

/// SeedSequence(seed).generate_state(4, uint64).
std::array<std::uint64_t, 4> seed_state(std::uint64_t seed) {
  WordHash gather(0x43b0d7e5U, 0x931e8875U);
  Words pool{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0};
  for (std::uint32_t& word : pool) word = gather(word);
  for (std::size_t from = 0; from < pool.size(); ++from) {
    for (std::size_t into = 0; into < pool.size(); ++into) {
      if (into != from) pool[into] = mixed(pool[into], gather(pool[from]));
    }
  }
  WordHash spread(0x8b51f9ddU, 0x58f38dedU);
  std::array<std::uint64_t, 4> state{};
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint64_t word = spread(pool[i % pool.size()]);
    state[i / 2] |= word << (i % 2 == 0 ? 0 : 32);
  }
  return state;
}

std::uint64_t raw(void* random) { return static_cast<NumpyRandom*>(random)->next_uint64(); }

std::uint32_t raw_half(void* random) { return static_cast<NumpyRandom*>(random)->next_uint32(); }

double raw_double(void* random) { return static_cast<double>(raw(random) >> 11) * 0x1p-53; }

/// Built for each draw, so that a NumpyRandom holds no pointer to itself and may be copied.
bitgen_t bits_of(NumpyRandom* random) { return {random, raw, raw_half, raw_double, raw}; }

}  // namespace

NumpyRandom::NumpyRandom(std::uint64_t value) { seed(value); }

void NumpyRandom::seed(std::uint64_t value) {
  const auto state = seed_state(value);
  increment_ = (wide(state[2], state[3]) << 1) | 1;
  state_ = (increment_ + wide(state[0], state[1])) * kMultiplier + increment_;
  half_kept_ = false;
}

std::uint64_t NumpyRandom::next_uint64() {
  state_ = state_ * kMultiplier + increment_;
  const auto folded = static_cast<std::uint64_t>(state_ >> 64) ^ static_cast<std::uint64_t>(state_);
  const auto turn = static_cast<unsigned>(state_ >> 122);
  return (folded >> turn) | (folded << ((64 - turn) & 63));
}

std::uint32_t NumpyRandom::next_uint32() {
  if (half_kept_) {
    half_kept_ = false;
    return half_;
  }
  const std::uint64_t whole = next_uint64();
  half_ = static_cast<std::uint32_t>(whole >> 32);
  half_kept_ = true;
  return static_cast<std::uint32_t>(whole);
}

double NumpyRandom::random() { return raw_double(this); }

std::int64_t NumpyRandom::integers(std::int64_t low, std::int64_t high) {
  bitgen_t bits = bits_of(this);
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) - 1;
  return static_cast<std::int64_t>(random_bounded_uint64(&bits, static_cast<std::uint64_t>(low), range, 0, false));
}

double NumpyRandom::uniform(double low, double high) {
  bitgen_t bits = bits_of(this);
  return random_uniform(&bits, low, high - low);
}

double NumpyRandom::standard_normal() {
  bitgen_t bits = bits_of(this);
  return random_standard_normal(&bits);
}

}  // namespace bierl
