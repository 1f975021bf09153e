// The body of the kernels, for vectors of BIERL_VECTOR_BYTES; included by one source file for each instruction set.
// Everything has internal linkage: a function compiled for AVX-512 must never be picked by the linker for another file,
// so nothing from the standard library with a body is used here.

namespace bierl {
namespace {

constexpr int kBytes = BIERL_VECTOR_BYTES;
constexpr int kLanes = kBytes / 4;

typedef float VecF __attribute__((vector_size(kBytes)));
typedef std::int32_t VecI __attribute__((vector_size(kBytes)));
typedef std::uint32_t VecU __attribute__((vector_size(kBytes)));
typedef std::uint64_t VecL __attribute__((vector_size(kBytes)));

#define BIERL_INLINE inline __attribute__((always_inline))

BIERL_INLINE VecF splat(float value) { return value - VecF{}; }
BIERL_INLINE VecL splat64(std::uint64_t value) { return value + VecL{}; }

BIERL_INLINE VecF load(const float* source) {
  VecF vector;
  __builtin_memcpy(&vector, source, sizeof vector);
  return vector;
}
BIERL_INLINE void store(float* target, VecF vector) { __builtin_memcpy(target, &vector, sizeof vector); }

BIERL_INLINE VecF as_float(VecI bits) { return (VecF)bits; }
BIERL_INLINE VecI as_bits(VecF value) { return (VecI)value; }
BIERL_INLINE VecF choose(VecI mask, VecF yes, VecF no) {
  return as_float((mask & as_bits(yes)) | (~mask & as_bits(no)));
}

// The product of the low halves of 64-bit lanes; garbage in the high halves is ignored.
BIERL_INLINE VecL multiply_low(VecL a, VecL b) {
#if BIERL_VECTOR_BYTES == 64
  // The plain form makes GCC 12 warn of its own header (bug 105593); all lanes on is the same instruction.
  return (VecL)_mm512_maskz_mul_epu32((__mmask8)-1, (__m512i)a, (__m512i)b);
#elif BIERL_VECTOR_BYTES == 32
  return (VecL)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (VecL)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  const VecL low = splat64(0xFFFFFFFFu);
  return (a & low) * (b & low);
#endif
}

BIERL_INLINE VecF square_root(VecF x) {
#if BIERL_VECTOR_BYTES == 64
  return (VecF)_mm512_maskz_sqrt_ps((__mmask16)-1, (__m512)x);
#elif BIERL_VECTOR_BYTES == 32
  return (VecF)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (VecF)_mm_sqrt_ps((__m128)x);
#else
  for (int lane = 0; lane < kLanes; ++lane) x[lane] = __builtin_sqrtf(x[lane]);
  return x;
#endif
}

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

void normals(const NoiseRow& row, std::size_t first_tile, std::size_t count, float* out) {
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

void perturb(const NoiseRow& row, const float* theta, float step, const float* scale, std::size_t count, float* out) {
  const std::size_t whole = count / kTile;
  for (std::size_t tile = 0; tile < whole; ++tile) {
    const std::size_t at = tile * kTile;
    perturb_tile(row, tile, theta + at, step, scale ? scale + at : nullptr, out + at);
  }
  const std::size_t rest = count % kTile;
  if (rest == 0) return;
  const std::size_t at = whole * kTile;
  float last_theta[kTile] = {}, last_scale[kTile] = {};
  __builtin_memcpy(last_theta, theta + at, rest * sizeof(float));
  if (scale) __builtin_memcpy(last_scale, scale + at, rest * sizeof(float));
  perturb_tile(row, whole, last_theta, step, scale ? last_scale : nullptr, last_theta);
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
  VecF sum[4] = {};
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
    float last[kTile];
    float* const target = rest < kTile ? last : out + done;
    for (int part = 0; part < kParts; ++part) accumulate_part<Term>(row, rows, weights, row_count, tile, part, target);
    if (rest < kTile) __builtin_memcpy(out + done, last, rest * sizeof(float));
  }
}

// tanh|x| = -m / (m + 2) with m = exp(-2|x|) - 1, the sign put back at the end: accurate near zero and at saturation.
// exp(r) - 1 = r + r^2 q(r) on [-ln2/2, ln2/2], q fitted minimax; 2^k is built from bits, |x| is cut at 10 (tanh = 1).
BIERL_INLINE VecF hyperbolic_tangent(VecF x) {
  const VecI sign = as_bits(x) & static_cast<std::int32_t>(0x80000000);
  VecF magnitude = as_float(as_bits(x) ^ sign);
  magnitude = choose((VecI)(magnitude > splat(10.0f)), splat(10.0f), magnitude);  // a NaN stays one
  const VecF y = magnitude * splat(-2.0f);
  const VecI k = __builtin_convertvector(y * splat(0x1.715476p+0f) - splat(0.5f), VecI);
  const VecF whole = __builtin_convertvector(k, VecF);
  const VecF r = (y - whole * splat(0x1.62e400p-1f)) - whole * splat(0x1.7f7d1cp-20f);  // ln 2 in two parts
  VecF q = splat(0x1.6d993cp-10f);
  q = q * r + splat(0x1.122824p-7f);
  q = q * r + splat(0x1.555486p-5f);
  q = q * r + splat(0x1.5554b0p-3f);
  q = q * r + splat(0x1p-1f);
  const VecF small = r + r * r * q;
  const VecF power = as_float((k + 127) << 23);
  const VecF m = power * small + (power - splat(1.0f));
  return as_float(as_bits(-m / (m + splat(2.0f))) | sign);
}

BIERL_INLINE VecF activate(VecF x, Activation activation) {
  if (activation == Activation::tanh) return hyperbolic_tangent(x);
  if (activation == Activation::relu) return as_float(as_bits(x) & ~(VecI)(x < splat(0.0f)));
  return x;
}

template <int kVectors>
BIERL_INLINE void dense_columns(const float* input, std::size_t inputs, const float* weight, std::size_t stride,
                                const float* bias, Activation activation, float* out) {
  VecF sum[kVectors];
  for (int v = 0; v < kVectors; ++v) sum[v] = load(bias + v * kLanes);
  for (std::size_t i = 0; i < inputs; ++i) {
    const VecF x = splat(input[i]);
    for (int v = 0; v < kVectors; ++v) sum[v] = sum[v] + x * load(weight + i * stride + v * kLanes);
  }
  for (int v = 0; v < kVectors; ++v) store(out + v * kLanes, activate(sum[v], activation));
}

template <int kWidth>
struct Narrow {
  typedef float Vec __attribute__((vector_size(4 * kWidth)));
};

// kWidth columns of sums without activation.
template <int kWidth>
BIERL_INLINE void dense_piece(const float* input, std::size_t inputs, const float* weight, std::size_t stride,
                              const float* bias, float* out) {
  typename Narrow<kWidth>::Vec sum, row;
  __builtin_memcpy(&sum, bias, sizeof sum);
  for (std::size_t i = 0; i < inputs; ++i) {
    __builtin_memcpy(&row, weight + i * stride, sizeof row);
    sum = sum + input[i] * row;
  }
  __builtin_memcpy(out, &sum, sizeof sum);
}

void activate_all(float* x, std::size_t count, Activation activation) {
  for (std::size_t j = 0; j < count; j += kLanes) {
    const std::size_t columns = count - j < kLanes ? count - j : kLanes;
    VecF part = {};
    __builtin_memcpy(&part, x + j, columns * sizeof(float));
    part = activate(part, activation);
    __builtin_memcpy(x + j, &part, columns * sizeof(float));
  }
}

// Fewer than kLanes columns, in pieces of 8, 4, 2 and 1; every sum is formed in the same order as in a whole vector.
void dense_rest(const float* input, std::size_t inputs, const float* weight, std::size_t stride, const float* bias,
                std::size_t columns, Activation activation, float* out) {
  std::size_t j = 0;
  const auto pieces = [&]<int kWidth>() {
    if ((columns & kWidth) == 0) return;
    dense_piece<kWidth>(input, inputs, weight + j, stride, bias + j, out + j);
    j += kWidth;
  };
  pieces.template operator()<8>();
  pieces.template operator()<4>();
  pieces.template operator()<2>();
  pieces.template operator()<1>();
  if (activation != Activation::identity) activate_all(out, columns, activation);
}

void dense(const float* input, std::size_t inputs, const float* weight, const float* bias, std::size_t outputs,
           Activation activation, float* out) {
  std::size_t j = 0;
  for (; j + 4 * kLanes <= outputs; j += 4 * kLanes)
    dense_columns<4>(input, inputs, weight + j, outputs, bias + j, activation, out + j);
  for (; j + kLanes <= outputs; j += kLanes)
    dense_columns<1>(input, inputs, weight + j, outputs, bias + j, activation, out + j);
  if (j < outputs) dense_rest(input, inputs, weight + j, outputs, bias + j, outputs - j, activation, out + j);
}

// Whether any lane of a comparison's mask is set.
BIERL_INLINE bool any(VecI mask) {
#if BIERL_VECTOR_BYTES == 64
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif BIERL_VECTOR_BYTES == 32
  return _mm256_movemask_ps((__m256)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)mask) != 0;
#else
  bool found = false;
  for (int lane = 0; lane < kLanes; ++lane) found = found || mask[lane] != 0;
  return found;
#endif
}

constexpr int kScoreVectors = kBytes == 64 ? 4 : 2;  // of rows at a time: with 4 queries 16 sums, or 8, in registers

// kScoreVectors * kLanes rows of a group for the four queries; adds to `near` the lanes at or below the bounds.
BIERL_INLINE void scores_part(const float* queries, const float* points, const float* half, std::size_t dimension,
                              const float* bounds, float* out, VecI near[kScoreQueries]) {
  VecF sum[kScoreQueries][kScoreVectors];
  for (std::size_t q = 0; q < kScoreQueries; ++q)
    for (int v = 0; v < kScoreVectors; ++v) sum[q][v] = load(half + v * kLanes);
  for (std::size_t d = 0; d < dimension; ++d) {
    VecF point[kScoreVectors];
    for (int v = 0; v < kScoreVectors; ++v) point[v] = load(points + d * kScoreGroup + v * kLanes);
    for (std::size_t q = 0; q < kScoreQueries; ++q) {
      const VecF x = splat(queries[q * dimension + d]);
      for (int v = 0; v < kScoreVectors; ++v) sum[q][v] = sum[q][v] - x * point[v];
    }
  }
  for (std::size_t q = 0; q < kScoreQueries; ++q) {
    for (int v = 0; v < kScoreVectors; ++v) {
      near[q] |= (VecI)(sum[q][v] <= splat(bounds[q]));
      store(out + q * kScoreGroup + v * kLanes, sum[q][v]);
    }
  }
}

void scores(const float* queries, const float* points, const float* half, std::size_t groups, std::size_t dimension,
            const float* bounds, float* out, std::uint8_t* near) {
  for (std::size_t g = 0; g < groups; ++g) {
    VecI mask[kScoreQueries] = {};
    for (std::size_t i = 0; i < kScoreGroup; i += kScoreVectors * kLanes)
      scores_part(queries, points + g * dimension * kScoreGroup + i, half + g * kScoreGroup + i, dimension, bounds,
                  out + g * kScoreQueries * kScoreGroup + i, mask);
    for (std::size_t q = 0; q < kScoreQueries; ++q) near[g * kScoreQueries + q] = any(mask[q]) ? 1 : 0;
  }
}

#undef BIERL_INLINE

}  // namespace
}  // namespace bierl
