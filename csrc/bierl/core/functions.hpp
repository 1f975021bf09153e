/// The classical test functions of continuous optimisation, as objectives: a vector of parameters in, a return out.
///
///     x (P,) -> z = Q (x - s) -> f(z) -> return = -f(z)
///
/// Every function is 0 at its one best point and positive elsewhere, so the best return is 0. Q is a random orthogonal
/// matrix and s a random shift, both named by seeds; without them z = x. Only IEEE operations in a fixed order, in
/// double precision, with sine, exponential and logarithm of our own: the same bits on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <bierl/core/function_rollout.hpp>

namespace bierl {

/// quadratic:   sum of condition^(i / (P - 1)) z_i^2
/// rosenbrock:  sum over i < P - 1 of 100 (z_{i+1} - z_i^2)^2 + (1 - z_i)^2; best at z = (1, ..., 1)
/// rastrigin:   sum of z_i^2 + 10 - 10 cos(2 pi z_i)
/// ackley:      20 - 20 exp(-0.2 sqrt(mean z_i^2)) + e - exp(mean cos(2 pi z_i))
/// Source: Hansen, Finck, Ros & Auger 2009 (BBOB 2009), without their further transformations; Ackley 1987.
enum class FunctionKind : int { quadratic = 0, rosenbrock = 1, rastrigin = 2, ackley = 3 };

/// Never changes: any number of threads may call.
class TestFunction final : public Objective {
 public:
  struct Settings {
    FunctionKind kind = FunctionKind::quadratic;
    std::size_t dimension = 0;                     ///< P; at least 1, for Rosenbrock 2
    double condition = 1.0;                        ///< of the quadratic; at least 1
    std::optional<std::uint64_t> rotation_seed{};  ///< names Q; none: the identity
    double shift_radius = 0.0;                     ///< |s|
    std::uint64_t shift_seed = 0;                  ///< names the direction of s
  };

  /// A rotation holds P^2 / 2 numbers and takes as many multiplications a call: no larger ones.
  static constexpr std::size_t kMostRotated = 4096;
  static constexpr std::size_t kMostDimensions = std::size_t{1} << 30;

  /// ArgumentError for a setting out of range.
  explicit TestFunction(const Settings& settings);

  [[nodiscard]] std::size_t dimension() const override { return settings_.dimension; }
  [[nodiscard]] std::size_t scratch_size() const override { return settings_.dimension; }
  /// -f(z); `scratch` holds z afterwards.
  double value(std::span<const float> x, std::span<double> scratch) const override;
  /// z = Q (x - s); both (P,). ShapeError when they are not.
  void place(std::span<const float> x, std::span<double> z) const;

 private:
  void make_shift();
  void make_rotation(std::uint64_t seed);
  void move(const float* x, double* z) const;

  Settings settings_;
  std::vector<double> weight_;     ///< (P,) of the quadratic's squares
  std::vector<double> shift_;      ///< (P,)
  std::vector<double> reflector_;  ///< u_0 (P numbers), u_1 (P - 1 numbers), ..., u_{P-2} (2 numbers), each |u|^2 = 2
  std::vector<double> sign_;       ///< (P,) D; empty without a rotation
};

}  // namespace bierl
