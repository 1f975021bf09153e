// Wrappers of observations. Semantics of the first: gymnasium/wrappers/stateful_observation.py.
#include <algorithm>

#include <bierl/episode/wrappers/wrapper.hpp>

namespace bierl::wrappers {
namespace {

/// A double as an observation of that precision holds it.
double held(double value, bool single) { return single ? static_cast<double>(static_cast<float>(value)) : value; }

class FrameStack final : public Wrapper {
 public:
  struct Options {
    int frames;
    bool zeros;
    static Options read(OptionReader& reader) {
      reader.require_given("stack_size", "an integer of at least 1");
      return {reader.count("stack_size", 1), reader.choice("padding_type", "reset", {"reset", "zero"}) == "zero"};
    }
  };
  FrameStack(Within within, const Options& options)
      : Wrapper(std::move(within)),
        size_(static_cast<std::size_t>(inner().observation_size())),
        zeros_(options.zeros),
        bounds_(repeated(inner().observation_bounds(), options.frames)) {
    const std::size_t numbers = size_ * static_cast<std::size_t>(options.frames);
    require(numbers <= kMost, who() + ": " + std::to_string(options.frames) + " frames of " + std::to_string(size_) +
                                  " numbers are more than " + std::to_string(kMost));
    frames_.resize(numbers);
    padding_.resize(size_);
    if (!bounds_.empty()) {  // as near to zero as an observation can be
      for (std::size_t i = 0; i < size_; ++i) {
        padding_[i] = std::clamp(0.0, static_cast<double>(bounds_[2 * i]), static_cast<double>(bounds_[2 * i + 1]));
      }
    }
  }

  void reset(NumpyRandom& random) override {
    inner().reset(random);
    double* newest = frames_.data() + frames_.size() - size_;
    inner().observe(newest);
    const double* padding = zeros_ ? padding_.data() : newest;
    for (double* frame = frames_.data(); frame != newest; frame += size_) std::copy_n(padding, size_, frame);
  }
  Step step(const float* action) override {
    const Step answer = inner().step(action);
    std::copy(frames_.data() + size_, frames_.data() + frames_.size(), frames_.data());
    inner().observe(frames_.data() + frames_.size() - size_);
    return answer;
  }
  void observe(double* out) const override { std::copy(frames_.begin(), frames_.end(), out); }
  int observation_size() const override { return static_cast<int>(frames_.size()); }
  std::vector<float> observation_bounds() const override { return bounds_; }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 24;  // numbers of an observation
  static std::vector<float> repeated(const std::vector<float>& bounds, int frames) {
    std::vector<float> all;
    if (bounds.size() * static_cast<std::size_t>(frames) > 2 * kMost) return bounds;  // is refused
    for (int i = 0; i < frames && !bounds.empty(); ++i) all.insert(all.end(), bounds.begin(), bounds.end());
    return all;
  }
  std::size_t size_;  // of a frame
  bool zeros_;
  std::vector<float> bounds_;
  std::vector<double> frames_;   // the oldest first
  std::vector<double> padding_;  // what stands for frames before the first
};

class ClipObservation final : public Wrapper {
 public:
  struct Options {
    std::vector<double> low, high;
    static Options read(OptionReader& reader) {
      reader.require_given("min_obs", "a finite number, or one for each number of the observation");
      reader.require_given("max_obs", "a finite number, or one for each number of the observation");
      return {reader.numbers("min_obs"), reader.numbers("max_obs")};
    }
  };
  ClipObservation(Within within, const Options& options)
      : Wrapper(std::move(within)), bounds_(inner().observation_bounds()) {
    const auto count = static_cast<std::size_t>(inner().observation_size());
    low_ = spread(options.low, count, who() + ": min_obs");
    high_ = spread(options.high, count, who() + ": max_obs");
    for (std::size_t i = 0; i < count; ++i) {
      require(low_[i] <= high_[i], who() + ": min_obs must not be above max_obs");
      low_[i] = held(low_[i], single());
      high_[i] = held(high_[i], single());
      if (!single()) continue;
      for (float* bound : {&bounds_[2 * i], &bounds_[2 * i + 1]}) {
        *bound = std::clamp(*bound, static_cast<float>(low_[i]), static_cast<float>(high_[i]));
      }
    }
  }

  void observe(double* out) const override {
    inner().observe(out);
    // Written so that NaN stays.
    for (std::size_t i = 0; i < low_.size(); ++i) {
      if (out[i] < low_[i]) out[i] = low_[i];
      if (out[i] > high_[i]) out[i] = high_[i];
    }
  }
  std::vector<float> observation_bounds() const override { return bounds_; }

 private:
  std::vector<float> bounds_;
  std::vector<double> low_, high_;
};

class NoisyObservation final : public Wrapper {
 public:
  struct Options {
    double scale;
    bool sticky;
    static Options read(OptionReader& reader) {
      reader.require_given("scale", "a finite number of at least 0");
      return {reader.noise_scale("scale", 0.0), reader.flag("sticky", false)};
    }
  };
  NoisyObservation(Within within, const Options& options)
      : Wrapper(std::move(within)),
        options_(options),
        single_(single()),
        noise_(static_cast<std::size_t>(inner().observation_size())),
        seen_(noise_.size()) {}

  void reset(NumpyRandom& random) override {
    random_ = &random;
    inner().reset(random);
    draw();
    look();
  }
  Step step(const float* action) override {
    const Step answer = inner().step(action);
    if (!options_.sticky) draw();
    look();
    return answer;
  }
  void observe(double* out) const override { std::copy(seen_.begin(), seen_.end(), out); }
  std::vector<float> observation_bounds() const override {
    std::vector<float> bounds = inner().observation_bounds();
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<float>(i % 2 == 0 ? -kInfinity : kInfinity);
    return bounds;
  }

 private:
  void draw() {
    for (double& each : noise_) each = options_.scale * random_->standard_normal();
  }
  void look() {
    inner().observe(seen_.data());
    for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i] = held(seen_[i] + noise_[i], single_);
  }
  Options options_;
  bool single_;
  NumpyRandom* random_ = nullptr;  // the episode's
  std::vector<double> noise_;
  std::vector<double> seen_;
};

}  // namespace

std::vector<WrapperEntry> observation_wrappers() {
  return {
      entry<FrameStack>("FrameStackObservation",
                        "The last `stack_size` observations, one after another, the oldest first. Before the first "
                        "stands the first again, or zeros with `padding_type = \"zero\"`."),
      entry<ClipObservation>("ClipObservation",
                             "Numbers of the observation are cut to `min_obs` and `max_obs`, numbers or one for each "
                             "(np.clip in Gymnasium's TransformObservation)."),
      entry<NoisyObservation>("NoisyObservation",
                              "To each number of the observation noise is added, normal with standard deviation "
                              "`scale`: drawn anew at each step, or with `sticky = true` once an episode, after what "
                              "the task draws."),
  };
}

}  // namespace bierl::wrappers
