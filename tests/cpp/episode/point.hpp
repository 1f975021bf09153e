/// A task for tests that needs no simulator: a point that action 0 pushes along a line.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/rollout.hpp>

#include "../population.hpp"

namespace bierl::test {

class Point final : public Task {
 public:
  /// What goes wrong in an episode that begins to the right of 0; endless: no episode terminates.
  enum class Fault { none, simulator, diverges, bug, endless };
  explicit Point(Fault fault) : fault_(fault) {}

  void reset(NumpyRandom& random) override {
    position_ = random.uniform(-1.0, 1.0);
    velocity_ = 0.0;
    steps_ = 0;
    faulty_ = position_ > 0.0;
  }
  Step step(const float* action) override {
    if (++steps_ == 5 && faulty_) {
      if (fault_ == Fault::simulator) throw SimulationError("the point is lost");
      if (fault_ == Fault::bug) throw std::logic_error("a bug of the task");
    }
    velocity_ += 0.1 * static_cast<double>(action[0]);
    position_ += 0.1 * velocity_;
    return {-position_ * position_, fault_ != Fault::endless && std::abs(position_) > 3.0};
  }
  void observe(double* out) const override {
    out[0] = position_;
    out[1] = velocity_;
  }
  bool diverged() override { return fault_ == Fault::diverges && faulty_ && steps_ == 5; }
  int observation_size() const override { return 2; }
  int action_size() const override { return 1; }
  std::vector<float> action_bounds() const override { return {-1.0F, 1.0F}; }
  double control_timestep() const override { return 0.1; }
  std::span<const InfoField> step_info_fields() const override { return fields_; }
  void step_info(double* out) const override { *out = position_; }

 private:
  const std::vector<InfoField> fields_{{.name = "position"}};
  Fault fault_;
  double position_ = 0.0, velocity_ = 0.0;
  int steps_ = 0;
  bool faulty_ = false;
};

inline TaskFactory points(Point::Fault fault = Point::Fault::none) {
  return {.name = "Point", .max_episode_steps = 30, .make = [fault] { return std::make_unique<Point>(fault); }};
}

/// A policy for tasks of so many observations and actions in [-1, 1].
inline PolicyShape small_policy(std::size_t observations = 2, std::size_t actions = 1) {
  PolicyShape shape;
  shape.network.sizes.assign({observations, 8, actions});
  shape.low.assign(actions, -1.0F);
  shape.high.assign(actions, 1.0F);
  return shape;
}

/// The population of an evaluation and the memory of its results.
class Evaluation {
 public:
  Evaluation(std::size_t rows, const PolicyShape& shape)
      : returns(rows),
        lengths(rows),
        mean(rows * shape.observations()),
        pairs_(rows, shape.parameter_count()),
        failed_(new bool[rows]{}),
        count_(rows),
        m2_(rows * shape.observations()) {}

  void run(Rollout& rollout, const ThreadPool::Wait& wait = nullptr) {
    for (auto* moments : {&count_, &mean, &m2_}) std::fill(moments->begin(), moments->end(), 0.0);
    rollout.evaluate(pairs_.view(), {}, {}, false,
                     {.returns = returns,
                      .lengths = lengths,
                      .failed = {failed_.get(), returns.size()},
                      .moment_count = count_,
                      .moment_mean = mean,
                      .moment_m2 = m2_},
                     wait);
  }
  bool failed(std::size_t row) const { return failed_[row]; }
  bool operator==(const Evaluation& other) const {
    return returns == other.returns && lengths == other.lengths && mean == other.mean && m2_ == other.m2_;
  }

  std::vector<double> returns;
  std::vector<std::int32_t> lengths;
  std::vector<double> mean;

 private:
  Pairs pairs_;
  std::unique_ptr<bool[]> failed_;
  std::vector<double> count_, m2_;
};

}  // namespace bierl::test
