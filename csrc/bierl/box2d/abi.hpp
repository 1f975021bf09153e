/// What of Box2D 2.3's binary interface is used here: the layouts of its definitions and the fields that are read.
///
/// Box2D's Python package ships no headers. These are our own declarations of the public classes, of which its compiled
/// module exports the functions (engine.hpp). Names are ours, so that no two definitions of one C++ class meet; offsets
/// are asserted, and a self-check beside the Python module (bierl_fast/_box2d.py) proves them before they are trusted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bierl::box2d {

struct Vec {  // b2Vec2
  float x, y;
};

struct World;          // b2World; of its insides kStack* alone are touched
struct RevoluteJoint;  // b2RevoluteJoint, by its functions

inline constexpr std::size_t kWorldSize = 103296;
inline constexpr std::size_t kStackIndex = 102528;       ///< int32: bytes of the solver's stack in use
inline constexpr std::size_t kStackEntryCount = 103056;  ///< int32: allocations on it
inline constexpr int kRevoluteJoint = 1;                 ///< b2JointType
inline constexpr int kMostVertices = 16;                 ///< b2_maxPolygonVertices of this build
inline constexpr float kPolygonRadius = 2.0F * 0.005F;   ///< b2_polygonRadius

enum class BodyType : std::int32_t { fixed = 0, dynamic = 2 };
enum class ShapeType : std::int32_t { edge = 1, polygon = 2 };

struct BodyDef {  // b2BodyDef
  BodyType type = BodyType::fixed;
  Vec position{0, 0};
  float angle = 0;
  Vec linear_velocity{0, 0};
  float angular_velocity = 0;
  float linear_damping = 0;
  float angular_damping = 0;
  bool allow_sleep = true;
  bool awake = true;
  bool fixed_rotation = false;
  bool bullet = false;
  bool active = true;
  void* user_data = nullptr;
  float gravity_scale = 1;
};
static_assert(offsetof(BodyDef, user_data) == 48 && sizeof(BodyDef) == 64);

struct Filter {  // b2Filter
  std::uint16_t category = 0x0001;
  std::uint16_t mask = 0xFFFF;
  std::int16_t group = 0;
};

struct Shape {  // b2Shape
  const void* vtable;
  ShapeType type;
  float radius;
};

struct FixtureDef {  // b2FixtureDef
  const Shape* shape = nullptr;
  void* user_data = nullptr;
  float friction = 0.2F;
  float restitution = 0;
  float density = 0;
  bool sensor = false;
  Filter filter;
};
static_assert(offsetof(FixtureDef, filter) == 30 && sizeof(FixtureDef) == 40);

struct PolygonShape {  // b2PolygonShape
  Shape base;
  Vec centroid;
  Vec vertices[kMostVertices];
  Vec normals[kMostVertices];
  std::int32_t count;
};
static_assert(offsetof(PolygonShape, count) == 280 && sizeof(PolygonShape) == 288);

struct EdgeShape {  // b2EdgeShape
  Shape base;
  Vec vertex1, vertex2, vertex0, vertex3;
  bool has_vertex0, has_vertex3;
};
static_assert(offsetof(EdgeShape, has_vertex0) == 48 && sizeof(EdgeShape) == 56);

struct Body {  // b2Body, as far as it is read and written
  BodyType type;
  std::uint16_t flags;
  std::int32_t island_index;
  Vec position;
  float sine, cosine;
  Vec local_center, center0, center;
  float angle0, angle, alpha0;
  Vec linear_velocity;
  float angular_velocity;
  Vec force;
  float torque;
  void* links[4];
  std::int32_t fixture_count;
  void* lists[2];
  float mass, inverse_mass, inertia, inverse_inertia;
  float linear_damping, angular_damping, gravity_scale, sleep_time;

  static constexpr std::uint16_t kAwake = 0x0002;
};
static_assert(offsetof(Body, position) == 12 && offsetof(Body, center) == 44 && offsetof(Body, angle) == 56);
static_assert(offsetof(Body, linear_velocity) == 64 && offsetof(Body, force) == 76 && offsetof(Body, torque) == 84);
static_assert(offsetof(Body, inverse_mass) == 148 && offsetof(Body, sleep_time) == 172);

struct RevoluteJointDef {  // b2RevoluteJointDef, its base's fields first
  std::int32_t type = kRevoluteJoint;
  void* user_data = nullptr;
  Body* body_a = nullptr;
  Body* body_b = nullptr;
  bool collide_connected = false;
  Vec anchor_a{0, 0};
  Vec anchor_b{0, 0};
  float reference_angle = 0;
  bool enable_limit = false;
  float lower_angle = 0;
  float upper_angle = 0;
  bool enable_motor = false;
  float motor_speed = 0;
  float max_motor_torque = 0;
};
static_assert(offsetof(RevoluteJointDef, anchor_a) == 36 && sizeof(RevoluteJointDef) == 80);

struct Fixture {  // b2Fixture
  float density;
  Fixture* next;
  Body* body;
  Shape* shape;
  float friction, restitution;
  void* proxies;
  std::int32_t proxy_count;
  Filter filter;
};
static_assert(offsetof(Fixture, body) == 16 && offsetof(Fixture, filter) == 52);

struct Contact {  // b2Contact
  const void* vtable;
  std::uint32_t flags;
  void* links[10];
  Fixture* fixture_a;
  Fixture* fixture_b;
};
static_assert(offsetof(Contact, fixture_a) == 96);

class ContactListener {  // b2ContactListener: the order of its virtual functions
 public:
  virtual ~ContactListener() = default;
  virtual void begin_contact(Contact*) {}
  virtual void end_contact(Contact*) {}
  virtual void pre_solve(Contact*, const void*) {}
  virtual void post_solve(Contact*, const void*) {}
};

class RayCastCallback {  // b2RayCastCallback
 public:
  virtual ~RayCastCallback() = default;
  /// What the engine calls for each fixture on the ray: -1 ignores it, a fraction shortens the ray to it.
  virtual float report(Fixture* fixture, const Vec& point, const Vec& normal, float fraction) = 0;
};

}  // namespace bierl::box2d
