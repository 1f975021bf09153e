/// The compiled policy: observation -> normalised -> network -> action in the box. actor.hpp adds what an episode does.
///
/// Any number of threads may call; what is written to belongs to its call until that returns.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <bierl/core/mlp.hpp>

namespace bierl {

/// How a network's output is brought into the action box [low, high]. `none`: not at all; the simulator sees what came.
enum class Squash : int { clip = 0, tanh = 1, none = 2 };

/// Gaussian exploration in action space. `evolved`: the log standard deviations are the last A parameters.
enum class ActionNoise : int { none = 0, fixed = 1, evolved = 2 };

/// What a policy is, apart from its parameters.
struct PolicyShape {
  MlpShape network;         ///< from O observations to A actions
  std::vector<float> low;   ///< (A,)
  std::vector<float> high;  ///< (A,)
  Squash squash = Squash::clip;
  ActionNoise noise = ActionNoise::none;
  float log_std = 0.0F;  ///< natural logarithm; read when noise is fixed, and the start when it is evolved

  [[nodiscard]] std::size_t observations() const { return network.sizes.front(); }
  [[nodiscard]] std::size_t actions() const { return network.sizes.back(); }
  [[nodiscard]] std::size_t parameter_count() const {
    return network.parameter_count() + (noise == ActionNoise::evolved ? actions() : 0);
  }
  [[nodiscard]] std::size_t scratch_size() const { return 2 * network.widest() + observations(); }
  /// ArgumentError when the box does not fit: other lengths, low > high, or a tanh squash onto an infinite box.
  void check() const;
};

/// Frozen observation statistics. Normalised: (x - mean) * inverse_std, cut at +-10 (a dimension may leave the range
/// that the statistics have seen by orders of magnitude). Empty: observations pass unchanged.
struct Normalizer {
  std::vector<double> mean;         ///< (O,) or empty
  std::vector<double> inverse_std;  ///< (O,) or empty; 0 where a dimension has not varied yet

  static constexpr double kCut = 10.0;
  /// From running moments: empty before the first observation; standard deviation with ddof 0.
  static Normalizer from_moments(double count, std::span<const double> mean, std::span<const double> m2);
  /// ShapeError unless it is empty or has this many observations.
  void check(std::size_t observations) const;
};

/// The network's input: (count,) observations normalised, in single precision.
void normalise(const Normalizer& normalizer, const double* observation, std::size_t count, float* out);

/// The network's output (A,) becomes an action, in place: squashed, std * noise added, cut to the box (unless squash is
/// none). `noise`: (A,) standard normals, or null for the mean action; `std`: (A,) standard deviations, read with
/// `noise` only.
void into_box(const PolicyShape& shape, const float* noise, const float* std, float* action);

/// The mean action of the compiled policy. `scratch`: scratch_size() floats. Allocates nothing.
void act(const PolicyShape& shape, const Normalizer& normalizer, const float* parameters, const double* observation,
         float* scratch, float* action);

/// std[a] = exp(log std) of a policy with these parameters, which are read only where log std is evolved.
void action_std(const PolicyShape& shape, const float* parameters, float* std);

/// Entropy of the Gaussian action, in nats, over that of one with the configured log_std: the sum over actions of
/// log std - shape.log_std. Zero unless the log standard deviations are evolved. A bonus on it rewards randomness and
/// leaves surviving alone.
double relative_entropy(const PolicyShape& shape, const float* parameters);

}  // namespace bierl
