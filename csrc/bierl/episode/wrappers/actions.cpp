// Wrappers of actions. Semantics: gymnasium/wrappers/transform_action.py and stateful_action.py.
#include <algorithm>
#include <cmath>

#include <bierl/core/stopping.hpp>
#include <bierl/episode/wrappers/wrapper.hpp>

namespace bierl::wrappers {
namespace {

constexpr int kBetweenAsking = 16;  // repeated steps, of some microseconds each

/// Low, high, low, high, ... of a task whose actions are a box.
std::vector<float> box_of(const Task& task, const std::string& who) {
  require(task.discrete_actions() == 0, who + ": it needs a box of actions, and these are discrete");
  return task.action_bounds();
}

class ClipAction final : public Wrapper {
 public:
  using Options = NoOptions;
  ClipAction(Within within, const Options&)
      : Wrapper(std::move(within)), box_(box_of(inner(), who())), clipped_(box_.size() / 2) {}

  Step step(const float* action) override {
    for (std::size_t i = 0; i < clipped_.size(); ++i) clipped_[i] = std::clamp(action[i], box_[2 * i], box_[2 * i + 1]);
    return inner().step(clipped_.data());
  }
  std::vector<float> action_bounds() const override {
    std::vector<float> bounds(box_.size());
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<float>(i % 2 == 0 ? -kInfinity : kInfinity);
    return bounds;
  }

 private:
  std::vector<float> box_;
  std::vector<float> clipped_;
};

class RescaleAction final : public Wrapper {
 public:
  struct Options {
    std::vector<double> low, high;
    static Options read(OptionReader& reader) {
      reader.require_given("min_action", "a finite number, or one for each control");
      reader.require_given("max_action", "a finite number, or one for each control");
      return {reader.numbers("min_action"), reader.numbers("max_action")};
    }
  };
  RescaleAction(Within within, const Options& options) : Wrapper(std::move(within)) {
    const std::vector<float> box = box_of(inner(), who());
    const std::size_t count = box.size() / 2;
    const auto low = spread(options.low, count, who() + ": min_action");
    const auto high = spread(options.high, count, who() + ": max_action");
    scaled_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const float from = box[2 * i];
      const float to = box[2 * i + 1];
      require(static_cast<float>(low[i]) < static_cast<float>(high[i]),
              who() + ": min_action must be below max_action, in single precision");
      require(std::isfinite(from) && std::isfinite(to),
              who() + ": control " + std::to_string(i + 1) + " of the task has no bounds to be scaled to");
      // In the precisions in which Gymnasium works it out.
      const long double wide = static_cast<long double>(to) - from;
      gradient_.push_back(static_cast<float>((high[i] - low[i]) / wide));
      intercept_.push_back(static_cast<float>(static_cast<double>(gradient_[i] * -from) + low[i]));
      bounds_.push_back(static_cast<float>(low[i]));
      bounds_.push_back(static_cast<float>(high[i]));
    }
  }

  Step step(const float* action) override {
    for (std::size_t i = 0; i < scaled_.size(); ++i) scaled_[i] = (action[i] - intercept_[i]) / gradient_[i];
    return inner().step(scaled_.data());
  }
  std::vector<float> action_bounds() const override { return bounds_; }

 private:
  std::vector<float> scaled_;
  std::vector<float> gradient_, intercept_;
  std::vector<float> bounds_;
};

class StickyAction final : public Wrapper {
 public:
  struct Options {
    double probability;
    int least, most;  ///< steps for which an action sticks
    static Options read(OptionReader& reader) {
      reader.require_given("repeat_action_probability", "at least 0 and below 1");
      Options options{.probability = reader.number("repeat_action_probability", 0.0), .least = 1, .most = 1};
      require(options.probability >= 0 && options.probability < 1,
              reader.task() + ": repeat_action_probability must be at least 0 and below 1");
      const std::vector<double> steps = reader.numbers("repeat_action_duration");
      if (steps.empty()) return options;
      const bool whole = std::all_of(steps.begin(), steps.end(), [](double count) {
        return count >= 1 && count <= std::numeric_limits<int>::max() && count == std::floor(count);
      });
      require(whole && steps.size() <= 2 && steps.front() <= steps.back(),
              reader.task() + ": repeat_action_duration must be an integer of at least 1, or two (least, most)");
      options.least = static_cast<int>(steps.front());
      options.most = static_cast<int>(steps.back());
      return options;
    }
  };
  StickyAction(Within within, const Options& options)
      : Wrapper(std::move(within)), options_(options), last_(static_cast<std::size_t>(inner().action_size())) {}

  void reset(NumpyRandom& random) override {
    random_ = &random;
    has_last_ = sticks_ = false;
    repeats_ = taken_ = 0;
    inner().reset(random);
  }
  Step step(const float* action) override {
    if (sticks_ || (has_last_ && random_->uniform(0.0, 1.0) < options_.probability)) {
      if (repeats_ == 0)
        repeats_ = static_cast<int>(random_->integers(options_.least, std::int64_t{options_.most} + 1));
      sticks_ = true;
      ++taken_;
    } else {
      std::copy_n(action, last_.size(), last_.begin());
    }
    if (sticks_ && repeats_ == taken_) {
      sticks_ = false;
      repeats_ = taken_ = 0;
    }
    has_last_ = true;
    return inner().step(last_.data());
  }

 private:
  Options options_;
  std::vector<float> last_;
  NumpyRandom* random_ = nullptr;  // the episode's
  bool has_last_ = false;
  bool sticks_ = false;
  int repeats_ = 0, taken_ = 0;
};

class RepeatAction final : public Wrapper {
 public:
  struct Options {
    int repeats;
    static Options read(OptionReader& reader) {
      reader.require_given("num_repeats", "an integer of at least 1");
      return {reader.count("num_repeats", 1)};
    }
  };
  RepeatAction(Within within, const Options& options)
      : Wrapper(std::move(within)), repeats_(options.repeats), limit_(inner_limit()) {}

  /// The last step of an episode may repeat less often.
  static int limit(const Options& options, int steps) {
    return steps / options.repeats + (steps % options.repeats == 0 ? 0 : 1);
  }
  void reset(NumpyRandom& random) override {
    elapsed_ = 0;
    inner().reset(random);
  }
  Step step(const float* action) override {
    Step sum{0.0, false};
    for (int i = 0; i < repeats_; ++i) {
      if (i % kBetweenAsking == kBetweenAsking - 1 && asked_to_stop()) break;  // whoever asked throws the step away
      const Step answer = inner().step(action);
      sum.reward += answer.reward;
      sum.terminated = answer.terminated;
      if (++elapsed_ >= limit_ || answer.terminated) break;
    }
    return sum;
  }
  double control_timestep() const override { return repeats_ * inner().control_timestep(); }

 private:
  int repeats_;
  int limit_;  // of the inner task: none of its steps is taken past it
  std::int64_t elapsed_ = 0;
};

}  // namespace

std::vector<WrapperEntry> action_wrappers() {
  return {
      entry<ClipAction>("ClipAction", "Actions are cut to the task's box; what comes may be any numbers."),
      entry<RescaleAction>("RescaleAction",
                           "Actions from `min_action` to `max_action`, numbers or one for each control, are scaled to "
                           "the task's box."),
      entry<StickyAction>("StickyAction",
                          "With `repeat_action_probability` the action before acts again, for "
                          "`repeat_action_duration` steps (1), or a number of steps drawn from two such bounds."),
      entry<RepeatAction>("RepeatAction",
                          "Each action acts for `num_repeats` steps, whose rewards are summed; fewer where the episode "
                          "ends. A time limit counts the steps within."),
  };
}

}  // namespace bierl::wrappers
