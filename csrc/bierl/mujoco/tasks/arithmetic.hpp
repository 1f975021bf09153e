/// What the native tasks compute with: the arithmetic of the NumPy functions that Gymnasium calls, in NumPy's order.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include <mujoco/mujoco.h>

#include <bierl/episode/options.hpp>

namespace bierl::mujoco::tasks {

/// term(begin) + ... + term(begin + count - 1) in the order of np.sum over a contiguous array: one by one
/// below 8 terms, 8 running sums up to 128, halves above. The order is what makes rewards equal bit for bit.
template <class T, class Term>
T numpy_sum(mjtSize begin, mjtSize count, const Term& term) {
  if (count < 8) {
    T sum = 0;
    for (mjtSize i = 0; i < count; ++i) sum += term(begin + i);
    return sum;
  }
  if (count > 128) {
    const mjtSize half = count / 2 - count / 2 % 8;
    return numpy_sum<T>(begin, half, term) + numpy_sum<T>(begin + half, count - half, term);
  }
  T part[8];
  for (int j = 0; j < 8; ++j) part[j] = term(begin + j);
  mjtSize i = 8;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 8; ++j) part[j] += term(begin + i + j);
  }
  T sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
  for (; i < count; ++i) sum += term(begin + i);
  return sum;
}

/// np.sum(np.square(values)) in the type of the values.
template <class T>
T sum_of_squares(const T* values, mjtSize count) {
  return numpy_sum<T>(0, count, [values](mjtSize i) { return values[i] * values[i]; });
}

/// weight * np.sum(np.square(action)). Actions are float32, and a Python float times a float32 stays float32.
inline float control_cost(double weight, const float* action, mjtSize count) {
  return static_cast<float>(weight) * sum_of_squares(action, count);
}

/// np.clip: NaN stays NaN.
inline double clipped(double value, Range range) {
  return value < range.low ? range.low : value > range.high ? range.high : value;
}

inline bool inside(double value, Range open) { return open.low < value && value < open.high; }

/// np.linalg.norm of 2 or 3 numbers, which goes through BLAS and may be an ulp away
/// (tests/parity/tolerance.py).
inline double norm(const double* values, mjtSize count) { return std::sqrt(sum_of_squares(values, count)); }

inline double* put(double* out, std::initializer_list<double> values) {
  return std::copy(values.begin(), values.end(), out);
}
inline double* put(double* out, const double* values, mjtSize count) { return std::copy_n(values, count, out); }
inline double* put_clipped(double* out, const double* values, mjtSize count, Range range) {
  return std::transform(values, values + count, out, [range](double value) { return clipped(value, range); });
}

}  // namespace bierl::mujoco::tasks
