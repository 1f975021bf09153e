/// One world of Box2D and what Gymnasium's tasks build in it, in the order of the calls.
///
/// One thread at a time. All but the constructor and the destructor call the engine, and so run inside run_trapped.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <span>

#include <bierl/box2d/engine.hpp>

namespace bierl::box2d {

/// What a fixture is beside its shape; the defaults are the engine's.
struct Material {
  float density = 0;
  float friction = 0.2F;
  Filter filter{};
};

/// A motor and limits in a joint; angles in radians.
struct Hinge {
  Vec anchor_a;
  Vec anchor_b;
  float lower;
  float upper;
  float speed;
  float torque;
};

class Simulation {
 public:
  explicit Simulation(const Engine& engine);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// A new, empty world in place of the one before, also after an error.
  void begin(Vec gravity, ContactListener* listener);
  Body* body(BodyType type, Vec position, float angle);
  void edge(Body* body, Vec from, Vec to, const Material& material);
  void polygon(Body* body, std::span<const Vec> vertices, const Material& material);
  void box(Body* body, float half_width, float half_height, const Material& material);
  /// A revolute joint whose angle is zero as the bodies are now.
  RevoluteJoint* hinge(Body* a, Body* b, const Hinge& hinge);
  /// A fiftieth of a second with Gymnasium's 180 and 60 iterations.
  void step();
  void ray_cast(RayCastCallback* callback, Vec from, Vec to) { engine_.ray_cast(world_, callback, from, to); }

  void drive(RevoluteJoint* joint, float speed, float torque);
  float angle(const RevoluteJoint* joint) const { return engine_.joint_angle(joint); }
  float speed(const RevoluteJoint* joint) const { return engine_.joint_speed(joint); }

  /// The last call was left in the middle by an error: the solver's stack is to be emptied before the world goes.
  void broken() { broken_ = true; }

 private:
  void fixture(Body* body, const Shape& shape, const Material& material);
  void end();
  static void end_trapped(void* simulation) { static_cast<Simulation*>(simulation)->end(); }

  // Room to spare: a build that is a little larger shows in the self-check, and not as overwritten memory.
  static constexpr std::size_t kRoom = kWorldSize + 32768;
  static constexpr std::size_t kShapeRoom = 512;

  const Engine& engine_;
  std::unique_ptr<std::byte[]> room_;
  World* world_ = nullptr;  // in `room_`, or none
  bool broken_ = false;
  alignas(16) std::array<std::byte, kShapeRoom> polygon_;
  alignas(16) std::array<std::byte, kShapeRoom> edge_;
};

inline bool is_awake(const Body* body) { return (body->flags & Body::kAwake) != 0; }
/// b2Body's functions that its header defines, so that the library exports none: for dynamic bodies, waking them.
void wake(Body* body);
void apply_force(Body* body, Vec force);
void apply_torque(Body* body, float torque);
void apply_impulse(Body* body, Vec impulse, Vec point);

/// Python's double as the engine takes it.
inline Vec rounded(double x, double y) { return {static_cast<float>(x), static_cast<float>(y)}; }

}  // namespace bierl::box2d
