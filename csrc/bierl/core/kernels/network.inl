// The layers of the policy network; included by kernels.inl alone.

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
