// Vectors of BIERL_VECTOR_BYTES and what the kernels do with them; included by kernels.inl alone.

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
