// LunarLander-v3: land between the flags. Semantics: gymnasium/envs/box2d/lunar_lander.py.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include <bierl/box2d/box2d_task.hpp>
#include <bierl/box2d/tasks/entries.hpp>

namespace bierl::box2d::tasks {
namespace {

constexpr double kFps = 50;
constexpr double kScale = 30;
constexpr double kWidth = 600 / kScale;
constexpr double kHeight = 400 / kScale;
constexpr double kMainPower = 13;
constexpr double kSidePower = 0.6;
constexpr double kMainHeight = 4;  // of the engines on the lander, and how far out those at the side are
constexpr double kSideHeight = 14;
constexpr double kSideAway = 12;
constexpr double kLegAway = 20;
constexpr double kLegDown = 18;
constexpr double kPadHeight = kHeight / 4;
constexpr double kFirstPush = 1000;
constexpr std::size_t kChunks = 11;
constexpr double kPi = std::numbers::pi;

struct Options {
  bool continuous;
  double gravity;
  bool wind;
  double wind_power;
  double turbulence_power;
};

template <bool continuous>
Options read(OptionReader& reader) {
  return {.continuous = reader.flag("continuous", continuous),
          .gravity = reader.between("gravity", -10, {-12, 0}),
          .wind = reader.flag("enable_wind", false),
          .wind_power = reader.number("wind_power", 15),
          .turbulence_power = reader.number("turbulence_power", 1.5)};
}

/// What an action asks of the engines: the main one's power, and the side ones' with their direction.
struct Engines {
  double main = 0;
  double side = 0;
  double direction = 0;
};

class LunarLander final : public Box2DTask {
 public:
  LunarLander(const Engine& engine, const Options& options) : Box2DTask(engine, 8), options_(options) {}

  int action_size() const override { return options_.continuous ? 2 : 4; }
  int discrete_actions() const override { return options_.continuous ? 0 : 4; }
  std::vector<float> action_bounds() const override {
    if (options_.continuous) return {-1, 1, -1, 1};
    constexpr float infinity = std::numeric_limits<float>::infinity();
    return {-infinity, infinity, -infinity, infinity, -infinity, infinity, -infinity, infinity};
  }
  std::vector<float> observation_bounds() const override {
    const auto turn = static_cast<float>(2 * kPi);
    return {-2.5F, 2.5F, -2.5F, 2.5F, -10, 10, -10, 10, -turn, turn, -10, 10, -0.0F, 1, -0.0F, 1};
  }

  void reset(NumpyRandom& random) override {
    random_ = &random;
    begin_episode(rounded(0, options_.gravity));
    make_moon();
    const Vec start = rounded(kWidth / 2, kHeight);
    make_lander(start);
    const double push_x = random.uniform(-kFirstPush, kFirstPush);
    const double push_y = random.uniform(-kFirstPush, kFirstPush);
    apply_force(lander_, rounded(push_x, push_y));
    if (options_.wind) {
      wind_at_ = random.integers(-9999, 9999);
      torque_at_ = random.integers(-9999, 9999);
    }
    const Body* left = make_leg(-1);
    const Body* right = make_leg(+1);
    contacts_.watch(lander_, left, right);
    shaped_ = false;
    advance({});
  }

  Step step(const float* action) override {
    if (!all_finite({action, static_cast<std::size_t>(action_size())})) {
      note(false);
      return {0, false};
    }
    return advance(options_.continuous ? throttles(action) : choice(action));
  }

 private:
  void make_moon() {
    std::array<double, kChunks + 1> height;
    for (double& at : height) at = random_->uniform(0, kHeight / 2);
    for (std::size_t i = kChunks / 2 - 2; i <= kChunks / 2 + 2; ++i) height[i] = kPadHeight;
    std::array<double, kChunks> x;
    std::array<double, kChunks> y;
    for (std::size_t i = 0; i < kChunks; ++i) {
      const double before = i == 0 ? height.back() : height[i - 1];
      x[i] = kWidth / (kChunks - 1) * static_cast<double>(i);
      y[i] = 0.33 * (before + height[i] + height[i + 1]);
    }
    Body* const moon = simulation_.body(BodyType::fixed, {0, 0}, 0);
    simulation_.edge(moon, {0, 0}, rounded(kWidth, 0), {});
    for (std::size_t i = 0; i + 1 < kChunks; ++i)
      simulation_.edge(moon, rounded(x[i], y[i]), rounded(x[i + 1], y[i + 1]), {.friction = 0.1F});
  }

  void make_lander(Vec start) {
    static constexpr std::array<std::array<double, 2>, 6> outline = {
        {{-14, 17}, {-17, 0}, {-17, -10}, {17, -10}, {17, 0}, {14, 17}}};
    std::array<Vec, outline.size()> vertices;
    std::transform(outline.begin(), outline.end(), vertices.begin(),
                   [](const auto& point) { return rounded(point[0] / kScale, point[1] / kScale); });
    lander_ = simulation_.body(BodyType::dynamic, start, 0);
    simulation_.polygon(lander_, vertices,
                        {.density = 5, .friction = 0.1F, .filter = {.category = 0x0010, .mask = 0x001}});
  }

  const Body* make_leg(int side) {
    Body* const leg = simulation_.body(BodyType::dynamic, rounded(kWidth / 2 - side * kLegAway / kScale, kHeight),
                                       static_cast<float>(side * 0.05));
    simulation_.box(leg, static_cast<float>(2 / kScale), static_cast<float>(8 / kScale),
                    {.density = 1, .filter = {.category = 0x0020, .mask = 0x001}});
    const double lower = side < 0 ? 0.9 - 0.5 : -0.9;
    const double upper = side < 0 ? 0.9 : -0.9 + 0.5;
    simulation_.hinge(lander_, leg,
                      {.anchor_a = {0, 0},
                       .anchor_b = rounded(side * kLegAway / kScale, kLegDown / kScale),
                       .lower = static_cast<float>(lower),
                       .upper = static_cast<float>(upper),
                       .speed = static_cast<float>(0.3 * side),
                       .torque = 40});
    return leg;
  }

  static Engines throttles(const float* action) {
    const double main = clipped(action[0], -1.0F, 1.0F);
    const double side = clipped(action[1], -1.0F, 1.0F);
    Engines engines;
    if (main > 0) engines.main = (main + 1) * 0.5;
    if (std::abs(side) > 0.5) {
      engines.side = std::abs(side);
      engines.direction = sign(side);
    }
    return engines;
  }

  static Engines choice(const float* action) {
    switch (std::max_element(action, action + 4) - action) {
      case 1:
        return {.side = 1, .direction = -1};
      case 2:
        return {.main = 1};
      case 3:
        return {.side = 1, .direction = 1};
      default:
        return {};
    }
  }

  /// tanh(sin(2 k t) + sin(pi k t)), which never repeats.
  static double gust(std::int64_t at) {
    const auto t = static_cast<double>(at);
    return std::tanh(std::sin(0.02 * t) + std::sin(kPi * 0.01 * t));
  }

  void blow() {
    if (!options_.wind || contacts_.foot(0) || contacts_.foot(1)) return;
    apply_force(lander_, rounded(gust(wind_at_++) * options_.wind_power, 0));
    apply_torque(lander_, static_cast<float>(gust(torque_at_++) * options_.turbulence_power));
  }

  Step advance(const Engines& engines) {
    blow();
    const double angle = lander_->angle;
    const double tip[2] = {std::sin(angle), std::cos(angle)};
    const double side[2] = {-tip[1], tip[0]};
    double spread[2];
    for (double& value : spread) value = random_->uniform(-1, 1) / kScale;
    if (engines.main > 0) fire_main(engines.main, tip, side, spread);
    if (engines.side > 0) fire_side(engines, tip, side, spread);
    simulation_.step();
    look();
    const Step answer = judge(engines);
    note(state_is_finite());
    return answer;
  }

  void fire_main(double power, const double* tip, const double* side, const double* spread) {
    const double along = kMainHeight / kScale + 2 * spread[0];
    const double x = tip[0] * along + side[0] * spread[1];
    const double y = -tip[1] * along - side[1] * spread[1];
    const Vec at = lander_->position;
    apply_impulse(lander_, rounded(-x * kMainPower * power, -y * kMainPower * power), rounded(at.x + x, at.y + y));
  }

  void fire_side(const Engines& engines, const double* tip, const double* side, const double* spread) {
    const double across = 3 * spread[1] + engines.direction * kSideAway / kScale;
    const double x = tip[0] * spread[0] + side[0] * across;
    const double y = -tip[1] * spread[0] - side[1] * across;
    const Vec at = lander_->position;
    // 17 and not the engine's height: Gymnasium says so too, and keeps it.
    apply_impulse(lander_, rounded(-x * kSidePower * engines.side, -y * kSidePower * engines.side),
                  rounded(at.x + x - tip[0] * 17 / kScale, at.y + y + tip[1] * kSideHeight / kScale));
  }

  void look() {
    const Vec at = lander_->position;
    const Vec velocity = lander_->linear_velocity;
    const double seen[8] = {(at.x - kWidth / 2) / (kWidth / 2),
                            (at.y - (kPadHeight + kLegDown / kScale)) / (kHeight / 2),
                            velocity.x * (kWidth / 2) / kFps,
                            velocity.y * (kHeight / 2) / kFps,
                            lander_->angle,
                            20.0 * lander_->angular_velocity / kFps,
                            contacts_.foot(0) ? 1.0 : 0.0,
                            contacts_.foot(1) ? 1.0 : 0.0};
    std::copy_n(seen, 8, state().begin());
  }

  Step judge(const Engines& engines) {
    const auto s = state();
    const double shaping = -100 * std::sqrt(s[0] * s[0] + s[1] * s[1]) - 100 * std::sqrt(s[2] * s[2] + s[3] * s[3]) -
                           100 * std::abs(s[4]) + 10 * s[6] + 10 * s[7];
    double reward = shaped_ ? shaping - shaping_ : 0;
    shaping_ = shaping;
    shaped_ = true;
    reward -= engines.main * 0.30;
    reward -= engines.side * 0.03;
    if (!is_awake(lander_)) return {100, true};
    if (contacts_.fallen() || std::abs(s[0]) >= 1) return {-100, true};
    return {reward, false};
  }

  Options options_;
  NumpyRandom* random_ = nullptr;
  Body* lander_ = nullptr;
  std::int64_t wind_at_ = 0;
  std::int64_t torque_at_ = 0;
  double shaping_ = 0;
  bool shaped_ = false;
};

}  // namespace

TaskEntry lunar_lander() { return entry<LunarLander, read<false>>("LunarLander-v3", 1000, 200); }
TaskEntry lunar_lander_continuous() { return entry<LunarLander, read<true>>("LunarLanderContinuous-v3", 1000, 200); }

}  // namespace bierl::box2d::tasks
