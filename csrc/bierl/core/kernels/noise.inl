// Normals by address, and sums of them; included by kernels.inl alone.

// Four words of kLanes counters. Counters 0, 2, 4, ... sit in the 64-bit lanes of `even`, 1, 3, 5, ... in those of
// `odd`, each word in the low half of its lane, where the next round's multiplication reads it; merging puts counter i
// in lane i.
struct Words {
  VecU word[4];
};

BIERL_INLINE void philox_round(VecL& c0, VecL& c1, VecL& c2, VecL& c3, VecL key0, VecL key1) {
  const VecL product0 = multiply_low(c0, splat64(kPhiloxM0));
  const VecL product1 = multiply_low(c2, splat64(kPhiloxM1));
  c0 = (product1 >> 32) ^ c1 ^ key0;
  c2 = (product0 >> 32) ^ c3 ^ key1;
  c1 = product1;
  c3 = product0;
}

BIERL_INLINE VecU merge(VecL even, VecL odd) { return (VecU)((even & splat64(0xFFFFFFFFu)) | (odd << 32)); }

BIERL_INLINE Words philox(const NoiseRow& row, std::uint32_t block) {
  VecL lane;
  for (int i = 0; i < kLanes / 2; ++i) lane[i] = static_cast<std::uint64_t>(2 * i);
  VecL even0 = splat64(block) + lane, odd0 = even0 + splat64(1);
  VecL even1 = splat64(row.row), odd1 = even1;
  VecL even2 = splat64(row.generation), odd2 = even2;
  VecL even3 = splat64(row.domain), odd3 = even3;
  std::uint32_t key0 = row.key[0], key1 = row.key[1];
#pragma GCC unroll 10
  for (int round = 0; round < kPhiloxRounds; ++round) {
    philox_round(even0, even1, even2, even3, splat64(key0), splat64(key1));
    philox_round(odd0, odd1, odd2, odd3, splat64(key0), splat64(key1));
    key0 += kPhiloxW0;
    key1 += kPhiloxW1;
  }
  return {{merge(even0, odd0), merge(even1, odd1), merge(even2, odd2), merge(even3, odd3)}};
}

// -2 ln(u) for u = (i + 1/2) / 2^31, i the upper 31 bits of a word: u in [2^-32, 1], so a radius reaches 6.66 sigma.
// ln(1 + x) = x - x^2/2 + x^3 p(x) on [sqrt(1/2) - 1, sqrt(2) - 1], p fitted minimax: relative error below 4e-8.
BIERL_INLINE VecF minus_two_log(VecU word) {
  const VecF count = __builtin_convertvector((VecI)(word >> 1), VecF) + splat(0.5f);
  const VecI offset = as_bits(count) - 0x3F3504F3;  // bits of sqrt(1/2)
  const VecI exponent = offset >> 23;
  const VecF x = as_float(as_bits(count) - (exponent << 23)) - splat(1.0f);
  VecF p = splat(0x1.645de2p-4f);
  p = p * x + splat(-0x1.2432aap-3f);
  p = p * x + splat(0x1.317470p-3f);
  p = p * x + splat(-0x1.53824cp-3f);
  p = p * x + splat(0x1.98d7f0p-3f);
  p = p * x + splat(-0x1.000382p-2f);
  p = p * x + splat(0x1.5556d8p-2f);
  const VecF square = x * x;
  const VecF log1p = (p * x * square - splat(0.5f) * square) + x;
  const VecF scale = __builtin_convertvector(exponent - 31, VecF) * splat(-0x1.62e430p+0f);  // -2 ln 2
  return scale - splat(2.0f) * log1p;
}

// Box-Muller: two words to two independent normals. The angle is a quarter turn chosen by the two upper bits plus
// z quarter turns, z in [-1/2, 1/2) from the others; sine and cosine there are minimax polynomials (error below 4e-8).
BIERL_INLINE void box_muller(VecU word0, VecU word1, VecF& normal0, VecF& normal1) {
  const VecF radius = square_root(minus_two_log(word0));
  const VecI quadrant = (VecI)(word1 >> 30);
  const VecF z = __builtin_convertvector((VecI)(word1 << 2), VecF) * splat(0x1p-32f);
  const VecF t = z * z;
  VecF sine = splat(-0x1.2d9bb8p-8f);
  sine = sine * t + splat(0x1.465ec6p-4f);
  sine = sine * t + splat(-0x1.4abbbap-1f);
  sine = (sine * t + splat(0x1.921fb6p+0f)) * z;
  VecF cosine = splat(-0x1.4ea9e6p-6f);
  cosine = cosine * t + splat(0x1.03b162p-2f);
  cosine = cosine * t + splat(-0x1.3bd3a2p+0f);
  cosine = cosine * t + splat(1.0f);
  const VecI swap = -(quadrant & 1);
  const VecI sign0 = ((quadrant + 1) & 2) << 30;
  const VecI sign1 = (quadrant & 2) << 30;
  normal0 = radius * as_float(as_bits(choose(swap, sine, cosine)) ^ sign0);
  normal1 = radius * as_float(as_bits(choose(swap, cosine, sine)) ^ sign1);
}

constexpr int kParts = 16 / kLanes;  // vectors that hold the 16 counters of a tile

// One part of a tile: word w of its counters belongs at elements w * 16 + part * kLanes.
struct Part {
  VecF normal[4];
};

BIERL_INLINE Part tile_part(const NoiseRow& row, std::size_t tile, int part) {
  const Words words = philox(row, static_cast<std::uint32_t>(tile * 16) + static_cast<std::uint32_t>(part * kLanes));
  Part out;
  box_muller(words.word[0], words.word[1], out.normal[0], out.normal[1]);
  box_muller(words.word[2], words.word[3], out.normal[2], out.normal[3]);
  return out;
}

BIERL_INLINE void whole_tile(const NoiseRow& row, std::size_t tile, float* out) {
  for (int part = 0; part < kParts; ++part) {
    const Part made = tile_part(row, tile, part);
    for (int word = 0; word < 4; ++word) store(out + word * 16 + part * kLanes, made.normal[word]);
  }
}

void normals(const NoiseRow& address, std::size_t first_tile, std::size_t count, float* out) {
  const NoiseRow row = address;  // see perturb
  const std::size_t whole = count / kTile;
  for (std::size_t tile = 0; tile < whole; ++tile) whole_tile(row, first_tile + tile, out + tile * kTile);
  if (const std::size_t rest = count % kTile) {
    float last[kTile];
    whole_tile(row, first_tile + whole, last);
    __builtin_memcpy(out + whole * kTile, last, rest * sizeof(float));
  }
}

BIERL_INLINE void perturb_tile(const NoiseRow& row, std::size_t tile, const float* theta, float step,
                               const float* scale, float* out) {
  for (int part = 0; part < kParts; ++part) {
    const Part made = tile_part(row, tile, part);
    for (int word = 0; word < 4; ++word) {
      const int at = word * 16 + part * kLanes;
      const VecF factor = scale ? splat(step) * load(scale + at) : splat(step);
      store(out + at, load(theta + at) + factor * made.normal[word]);
    }
  }
}

void perturb(const NoiseRow& address, std::size_t first_tile, const float* theta, float step, const float* scale,
             std::size_t count, float* out) {
  const NoiseRow row = address;  // what is stored through `out` cannot change a copy: it stays in registers
  const std::size_t whole = count / kTile;
  for (std::size_t tile = 0; tile < whole; ++tile) {
    const std::size_t at = tile * kTile;
    perturb_tile(row, first_tile + tile, theta + at, step, scale ? scale + at : nullptr, out + at);
  }
  const std::size_t rest = count % kTile;
  if (rest == 0) return;
  const std::size_t at = whole * kTile;
  float last_theta[kTile] = {}, last_scale[kTile] = {};
  __builtin_memcpy(last_theta, theta + at, rest * sizeof(float));
  if (scale) __builtin_memcpy(last_scale, scale + at, rest * sizeof(float));
  perturb_tile(row, first_tile + whole, last_theta, step, scale ? last_scale : nullptr, last_theta);
  __builtin_memcpy(out + at, last_theta, rest * sizeof(float));
}

struct Itself {
  BIERL_INLINE static VecF of(VecF normal) { return normal; }
};
struct SquareLessOne {
  BIERL_INLINE static VecF of(VecF normal) { return normal * normal - splat(1.0f); }
};

template <class Term>
BIERL_INLINE void accumulate_part(NoiseRow row, const std::uint32_t* rows, const float* weights, std::size_t row_count,
                                  std::size_t tile, int part, float* out) {
  VecF sum[4];
  for (int word = 0; word < 4; ++word) sum[word] = load(out + word * 16 + part * kLanes);
  for (std::size_t r = 0; r < row_count; ++r) {
    row.row = rows[r];
    const Part made = tile_part(row, tile, part);
    for (int word = 0; word < 4; ++word) sum[word] = sum[word] + splat(weights[r]) * Term::of(made.normal[word]);
  }
  for (int word = 0; word < 4; ++word) store(out + word * 16 + part * kLanes, sum[word]);
}

template <class Term>
void accumulate(NoiseRow row, const std::uint32_t* rows, const float* weights, std::size_t row_count,
                std::size_t first_tile, std::size_t count, float* out) {
  for (std::size_t done = 0, tile = first_tile; done < count; done += kTile, ++tile) {
    const std::size_t rest = count - done;
    float last[kTile] = {};
    float* const target = rest < kTile ? last : out + done;
    if (rest < kTile) __builtin_memcpy(last, out + done, rest * sizeof(float));
    for (int part = 0; part < kParts; ++part) accumulate_part<Term>(row, rows, weights, row_count, tile, part, target);
    if (rest < kTile) __builtin_memcpy(out + done, last, rest * sizeof(float));
  }
}
