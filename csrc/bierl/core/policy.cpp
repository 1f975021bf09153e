#include <algorithm>
#include <cmath>
#include <string>

#include <bierl/core/error.hpp>
#include <bierl/core/policy.hpp>

namespace bierl {

void PolicyShape::check() const {
  network.check();
  require_size("low", low.size(), actions(), "one bound for each action");
  require_size("high", high.size(), actions(), "one bound for each action");
  for (std::size_t a = 0; a < low.size(); ++a) {
    const std::string box = "[" + std::to_string(low[a]) + ", " + std::to_string(high[a]) + "]";
    require(low[a] <= high[a], "action " + std::to_string(a) + " has the empty box " + box);
    require(
        squash != Squash::tanh || (std::isfinite(low[a]) && std::isfinite(high[a])),
        "squash 'tanh' needs a finite action box, action " + std::to_string(a) + " has " + box + "; use squash 'clip'");
  }
}

Normalizer Normalizer::from_moments(double count, std::span<const double> mean, std::span<const double> m2) {
  Normalizer made;
  if (count == 0.0) return made;
  made.mean.assign(mean.begin(), mean.end());
  for (const double squares : m2) {
    const double std = std::sqrt(squares / count);
    made.inverse_std.push_back(std > 1e-8 ? 1.0 / std : 0.0);
  }
  return made;
}

void Normalizer::check(std::size_t observations) const {
  if (!mean.empty()) require_size("normalizer", mean.size(), observations, "one for each observation of the policy");
}

namespace {

// NaN passes every comparison here unchanged: a diverged simulation must not be hidden.
template <typename T>
T cut(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

}  // namespace

void normalise(const Normalizer& normalizer, const double* observation, std::size_t count, float* out) {
  if (normalizer.mean.empty()) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(observation[i]);
    return;
  }
  const double* const mean = normalizer.mean.data();
  const double* const inverse = normalizer.inverse_std.data();
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(cut((observation[i] - mean[i]) * inverse[i], -Normalizer::kCut, Normalizer::kCut));
}

void into_box(const PolicyShape& shape, const float* noise, const float* std, float* action) {
  const std::size_t actions = shape.actions();
  const float* const low = shape.low.data();
  const float* const high = shape.high.data();
  if (shape.squash == Squash::tanh) {
    kernels().activate(action, actions, Activation::tanh);
    for (std::size_t a = 0; a < actions; ++a) action[a] = low[a] + (action[a] + 1.0F) * 0.5F * (high[a] - low[a]);
  }
  if (noise != nullptr)
    for (std::size_t a = 0; a < actions; ++a) action[a] += std[a] * noise[a];
  if (shape.squash == Squash::none) return;
  for (std::size_t a = 0; a < actions; ++a) action[a] = cut(action[a], low[a], high[a]);
}

void act(const PolicyShape& shape, const Normalizer& normalizer, const float* parameters, const double* observation,
         float* scratch, float* action) {
  float* const input = scratch + 2 * shape.network.widest();
  normalise(normalizer, observation, shape.observations(), input);
  mlp_forward(shape.network, parameters, input, scratch, action);
  into_box(shape, nullptr, nullptr, action);
}

void action_std(const PolicyShape& shape, const float* parameters, float* std) {
  const bool evolved = shape.noise == ActionNoise::evolved;
  for (std::size_t a = 0; a < shape.actions(); ++a)
    std[a] = std::exp(evolved ? parameters[shape.network.parameter_count() + a] : shape.log_std);
}

double relative_entropy(const PolicyShape& shape, const float* parameters) {
  if (shape.noise != ActionNoise::evolved) return 0.0;
  const float* const evolved = parameters + shape.network.parameter_count();
  double sum = 0.0;
  for (std::size_t a = 0; a < shape.actions(); ++a)
    sum += static_cast<double>(evolved[a]) - static_cast<double>(shape.log_std);
  return sum;
}

}  // namespace bierl
