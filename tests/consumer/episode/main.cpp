// A task of one's own, without any simulator of ours: a point that is to stay at the origin.
#include <cmath>
#include <cstdio>
#include <vector>

#include <bierl/episode/rollout.hpp>

class Point final : public bierl::Task {
 public:
  void reset(bierl::NumpyRandom& random) override {
    position_ = random.uniform(-1.0, 1.0);
    velocity_ = 0.0;
  }
  bierl::Step step(const float* action) override {
    velocity_ += 0.1 * static_cast<double>(action[0]);
    position_ += 0.1 * velocity_;
    return {.reward = -position_ * position_, .terminated = std::abs(position_) > 10.0};
  }
  void observe(double* out) const override {
    out[0] = position_;
    out[1] = velocity_;
  }
  int observation_size() const override { return 2; }
  int action_size() const override { return 1; }
  std::vector<float> action_bounds() const override { return {-1.0F, 1.0F}; }
  double control_timestep() const override { return 0.1; }

 private:
  double position_ = 0.0, velocity_ = 0.0;
};

int main() {
  bierl::PolicyShape shape;
  shape.network.sizes = {2, 1};  // linear: weights of position and velocity, and a bias
  shape.low.assign(1, -1.0F);
  shape.high.assign(1, 1.0F);
  bierl::Rollout rollout({.name = "Point", .max_episode_steps = 200, .make = [] { return std::make_unique<Point>(); }},
                         {.shape = shape, .max_steps = 200, .threads = 2});

  // Two rows without noise, on the same reset: one policy that does nothing, one that steers back.
  const std::vector<float> policies{0.0F, 0.0F, 0.0F, -1.0F, -2.0F, 0.0F};
  const std::vector<std::int32_t> base{0, 1}, same(2, 0);
  const std::vector<float> sigma(2, 0.0F);
  const std::vector<std::int8_t> sign(2, 0);
  std::vector<double> returns(2);
  std::vector<std::int32_t> lengths(2);
  bool failed[2];
  rollout.evaluate({{.run_seed = 1}, policies, {}, base, sigma, same, sign, same}, {}, {}, false,
                   {.returns = returns, .lengths = lengths, .failed = failed}, nullptr);
  std::printf("idle %.3f, steering %.3f, each in %d steps\n", returns[0], returns[1], lengths[0]);
  return returns[1] > returns[0] ? 0 : 1;
}
