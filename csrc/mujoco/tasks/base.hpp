/// What the native tasks share: simulation of one control step, resets with noise, info values, and the
/// arithmetic of the NumPy functions that Gymnasium calls, in NumPy's order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <bierl/mujoco/handles.hpp>
#include <bierl/mujoco/options.hpp>
#include <bierl/mujoco/task.hpp>

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

/// A task whose step info is written by `step` and kept until it is asked for.
class TaskBase : public Task {
 public:
  int observation_size() const final { return observation_size_; }
  double control_timestep() const final { return dt_; }
  std::span<const InfoField> reset_info_fields() const final { return reset_fields_; }
  std::span<const InfoField> step_info_fields() const final { return step_fields_; }
  void step_info(double* out) const final { std::copy(info_.begin(), info_.end(), out); }
  void reset_info(double*) const override {}
  bool root_position(double[2]) const override { return false; }

 protected:
  struct Layout {
    mjtSize observation_size = 0;
    int frame_skip;
    std::vector<InfoField> reset_fields;
    std::vector<InfoField> step_fields;
  };
  TaskBase(const mjModel* model, mjData* data, Layout layout);

  enum class VelocityNoise { kUniform, kNormal };
  /// qpos0 + uniform(-scale, scale), and velocities around zero, then mj_forward.
  void reset_with_noise(NumpyRandom& random, double scale, VelocityNoise noise);
  void clear();  ///< mj_resetData, warnings silenced
  /// Sets the controls and takes frame_skip simulation steps.
  void simulate(const float* action);

  double* info() { return info_.data(); }  ///< where step writes its info, fields one after another
  int body(const char* name) const;        ///< number of a body; SimulationError if the model has none

  double dt_;  ///< seconds in one control step

 private:
  int observation_size_;
  int frame_skip_;
  std::vector<InfoField> reset_fields_;
  std::vector<InfoField> step_fields_;
  std::vector<double> info_;
};

}  // namespace bierl::mujoco::tasks
