// BipedalWalker-v3: two legs of two joints walk, seeing ten rays of a lidar. Semantics:
// gymnasium/envs/box2d/bipedal_walker.py.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <bierl/box2d/box2d_task.hpp>
#include <bierl/box2d/tasks/entries.hpp>
#include <bierl/box2d/tasks/terrain.hpp>

namespace bierl::box2d::tasks {
namespace {

constexpr double kFps = 50;
constexpr double kTorque = 80;
constexpr double kLegDown = -8 / kWalkerScale;
constexpr double kLegWidth = 8 / kWalkerScale;
constexpr double kLegHeight = 34 / kWalkerScale;
constexpr double kLidarRange = 160 / kWalkerScale;
constexpr std::size_t kRays = 10;
constexpr std::size_t kJoints = 4;  // hip and knee of one leg, hip and knee of the other
constexpr double kFirstPush = 5;
constexpr Filter kOfTheWalker{.category = 0x0020, .mask = 0x001};  // which touches the ground alone

struct Options {
  bool hardcore;
};

template <bool hardcore>
Options read(OptionReader& reader) {
  return {.hardcore = reader.flag("hardcore", hardcore)};
}

/// The nearest piece of ground on a ray.
class Lidar final : public RayCastCallback {
 public:
  float report(Fixture* fixture, const Vec&, const Vec&, float fraction) override {
    if ((fixture->filter.category & 1) == 0) return -1;
    fraction_ = fraction;
    return fraction;
  }
  void begin() { fraction_ = 1; }
  double fraction() const { return fraction_; }

 private:
  float fraction_ = 1;
};

class BipedalWalker final : public Box2DTask {
 public:
  BipedalWalker(const Engine& engine, const Options& options) : Box2DTask(engine, 24), options_(options) {
    for (std::size_t i = 0; i < kRays; ++i) {
      const double angle = 1.5 * static_cast<double>(i) / 10.0;
      ray_[i] = {std::sin(angle) * kLidarRange, std::cos(angle) * kLidarRange};
    }
  }

  int action_size() const override { return kJoints; }
  std::vector<float> action_bounds() const override { return {-1, 1, -1, 1, -1, 1, -1, 1}; }
  std::vector<float> observation_bounds() const override {
    constexpr auto pi = static_cast<float>(std::numbers::pi);
    std::vector<float> bounds = {-pi, pi, -5, 5, -5, 5, -5, 5};
    for (int leg = 0; leg < 2; ++leg) bounds.insert(bounds.end(), {-pi, pi, -5, 5, -pi, pi, -5, 5, -0.0F, 5});
    for (std::size_t i = 0; i < kRays; ++i) bounds.insert(bounds.end(), {-1, 1});
    return bounds;
  }

  void reset(NumpyRandom& random) override {
    begin_episode({0, -10});
    Terrain(simulation_, random, options_.hardcore).build();
    pass_clouds(random);
    make_hull();
    const double push = random.uniform(-kFirstPush, kFirstPush);
    apply_force(hull_, rounded(push, 0));
    const Body* left = make_leg(-1, joints_.data());
    const Body* right = make_leg(+1, joints_.data() + 2);
    contacts_.watch(hull_, left, right);
    shaped_ = false;
    constexpr std::array<float, kJoints> still{};
    advance(still.data());
  }

  Step step(const float* action) override {
    if (!all_finite({action, kJoints})) {
      note(false);
      return {0, false};
    }
    return advance(action);
  }

 private:
  /// Clouds are but drawn, and their numbers come before those that follow.
  static void pass_clouds(NumpyRandom& random) {
    constexpr int clouds = kTerrainLength / 20;
    constexpr int corners = 5;
    for (int i = 0; i < clouds * (1 + 2 * corners); ++i) random.next_uint64();
  }

  void make_hull() {
    static constexpr std::array<std::array<double, 2>, 5> outline = {{{-30, 9}, {6, 9}, {34, 1}, {34, -8}, {-30, -8}}};
    std::array<Vec, outline.size()> vertices;
    std::transform(outline.begin(), outline.end(), vertices.begin(),
                   [](const auto& point) { return rounded(point[0] / kWalkerScale, point[1] / kWalkerScale); });
    hull_ = simulation_.body(BodyType::dynamic, rounded(kStartX, kStartY), 0);
    simulation_.polygon(hull_, vertices, {.density = 5, .friction = 0.1F, .filter = kOfTheWalker});
  }

  /// A thigh and a shank with their joints, hip and knee; returns the shank.
  const Body* make_leg(int side, RevoluteJoint** joints) {
    const auto lean = static_cast<float>(side * 0.05);
    Body* const thigh =
        simulation_.body(BodyType::dynamic, rounded(kStartX, kStartY - kLegHeight / 2 - kLegDown), lean);
    simulation_.box(thigh, static_cast<float>(kLegWidth / 2), static_cast<float>(kLegHeight / 2),
                    {.density = 1, .filter = kOfTheWalker});
    joints[0] = simulation_.hinge(hull_, thigh,
                                  {.anchor_a = rounded(0, kLegDown),
                                   .anchor_b = rounded(0, kLegHeight / 2),
                                   .lower = -0.8F,
                                   .upper = 1.1F,
                                   .speed = static_cast<float>(side),
                                   .torque = static_cast<float>(kTorque)});
    Body* const shank =
        simulation_.body(BodyType::dynamic, rounded(kStartX, kStartY - kLegHeight * 3 / 2 - kLegDown), lean);
    simulation_.box(shank, static_cast<float>(0.8 * kLegWidth / 2), static_cast<float>(kLegHeight / 2),
                    {.density = 1, .filter = kOfTheWalker});
    joints[1] = simulation_.hinge(thigh, shank,
                                  {.anchor_a = rounded(0, -kLegHeight / 2),
                                   .anchor_b = rounded(0, kLegHeight / 2),
                                   .lower = -1.6F,
                                   .upper = -0.1F,
                                   .speed = 1,
                                   .torque = static_cast<float>(kTorque)});
    return shank;
  }

  static float effort(float action) { return clipped(std::abs(action), 0.0F, 1.0F); }

  Step advance(const float* action) {
    for (std::size_t i = 0; i < kJoints; ++i) {
      const float speed = i % 2 == 0 ? 4 : 6;
      simulation_.drive(joints_[i], speed * sign(action[i]), static_cast<float>(kTorque) * effort(action[i]));
    }
    simulation_.step();
    look();
    const Step answer = judge(action);
    note(state_is_finite());
    return answer;
  }

  void look() {
    const Vec velocity = hull_->linear_velocity;
    auto at = state().begin();
    *at++ = hull_->angle;
    *at++ = 2.0 * hull_->angular_velocity / kFps;
    *at++ = 0.3 * velocity.x * kWalkerWidth / kFps;
    *at++ = 0.3 * velocity.y * kWalkerHeight / kFps;
    for (std::size_t leg = 0; leg < 2; ++leg) {
      const RevoluteJoint* const hip = joints_[2 * leg];
      const RevoluteJoint* const knee = joints_[2 * leg + 1];
      *at++ = simulation_.angle(hip);
      *at++ = static_cast<double>(simulation_.speed(hip)) / 4;
      *at++ = static_cast<double>(simulation_.angle(knee)) + 1.0;
      *at++ = static_cast<double>(simulation_.speed(knee)) / 6;
      *at++ = contacts_.foot(leg) ? 1.0 : 0.0;
    }
    if (!std::all_of(state().begin(), at, [](double value) { return std::isfinite(value); })) return;
    const Vec from = hull_->position;
    for (const auto& ray : ray_) {
      lidar_.begin();
      simulation_.ray_cast(&lidar_, from, rounded(from.x + ray[0], from.y - ray[1]));
      *at++ = lidar_.fraction();
    }
  }

  // Gymnasium's actions are of single precision, and so is all that is computed with them.
  Step judge(const float* action) {
    const double x = hull_->position.x;
    const double shaping = 130 * x / kWalkerScale - 5.0 * std::abs(state()[0]);
    auto reward = static_cast<float>(shaped_ ? shaping - shaping_ : 0);
    shaping_ = shaping;
    shaped_ = true;
    for (std::size_t i = 0; i < kJoints; ++i) reward -= static_cast<float>(0.00035 * kTorque) * effort(action[i]);
    const bool arrived = x > (kTerrainLength - kTerrainGrass) * kTerrainStep;
    if (contacts_.fallen() || x < 0) return {-100, true};
    return {reward, arrived};
  }

  static constexpr double kStartX = kTerrainStep * kTerrainStart / 2;
  static constexpr double kStartY = kTerrainHeight + 2 * kLegHeight;

  Options options_;
  std::array<std::array<double, 2>, kRays> ray_;
  std::array<RevoluteJoint*, kJoints> joints_{};
  Body* hull_ = nullptr;
  Lidar lidar_;
  double shaping_ = 0;
  bool shaped_ = false;
};

}  // namespace

TaskEntry bipedal_walker() { return entry<BipedalWalker, read<false>>("BipedalWalker-v3", 1600, 300); }
TaskEntry bipedal_walker_hardcore() { return entry<BipedalWalker, read<true>>("BipedalWalkerHardcore-v3", 2000, 300); }

}  // namespace bierl::box2d::tasks
