// Wrappers of rewards. Semantics: gymnasium/wrappers/transform_reward.py.
#include <bierl/episode/wrappers/wrapper.hpp>

namespace bierl::wrappers {
namespace {

class ClipReward final : public Wrapper {
 public:
  struct Options {
    double low, high;
    static Options read(OptionReader& reader) {
      const Options options{reader.number("min_reward", -kInfinity), reader.number("max_reward", kInfinity)};
      if (reader.listing()) return options;
      require(reader.has("min_reward") || reader.has("max_reward"),
              reader.task() + ": give min_reward, max_reward, or both");
      require(options.low <= options.high, reader.task() + ": min_reward must not be above max_reward");
      return options;
    }
  };
  ClipReward(Within within, const Options& options) : Wrapper(std::move(within)), options_(options) {}

  Step step(const float* action) override {
    Step answer = inner().step(action);
    // Written so that NaN stays.
    if (answer.reward < options_.low) answer.reward = options_.low;
    if (answer.reward > options_.high) answer.reward = options_.high;
    return answer;
  }

 private:
  Options options_;
};

class ScaleReward final : public Wrapper {
 public:
  struct Options {
    double scale;
    static Options read(OptionReader& reader) {
      reader.require_given("scale", "a finite number");
      return {reader.number("scale", 1.0)};
    }
  };
  ScaleReward(Within within, const Options& options) : Wrapper(std::move(within)), scale_(options.scale) {}

  Step step(const float* action) override {
    Step answer = inner().step(action);
    answer.reward *= scale_;
    return answer;
  }

 private:
  double scale_;
};

}  // namespace

std::vector<WrapperEntry> reward_wrappers() {
  return {
      entry<ClipReward>("ClipReward",
                        "Rewards are cut to `min_reward` and `max_reward`, of which one may be left out."),
      entry<ScaleReward>("ScaleReward", "Rewards are multiplied by `scale` (Gymnasium's TransformReward)."),
  };
}

}  // namespace bierl::wrappers
