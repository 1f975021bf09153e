#include <bierl/box2d/simulation.hpp>

#include <cstring>
#include <string>

#include <bierl/box2d/assertions.hpp>

namespace bierl::box2d {

Simulation::Simulation(const Engine& engine)
    : engine_(engine), room_(std::make_unique<std::byte[]>(kRoom)), polygon_{}, edge_{} {
  auto* const polygon = reinterpret_cast<PolygonShape*>(polygon_.data());
  polygon->base = {engine.polygon_vtable, ShapeType::polygon, kPolygonRadius};
  auto* const edge = reinterpret_cast<EdgeShape*>(edge_.data());
  edge->base = {engine.edge_vtable, ShapeType::edge, kPolygonRadius};
}

Simulation::~Simulation() {
  std::string text;
  run_trapped(end_trapped, this, text);  // an assertion now could be told to nobody
}

void Simulation::end() {
  if (world_ == nullptr) return;
  World* const ended = world_;
  world_ = nullptr;
  if (broken_) {
    std::memset(room_.get() + kStackIndex, 0, sizeof(std::int32_t));
    std::memset(room_.get() + kStackEntryCount, 0, sizeof(std::int32_t));
    broken_ = false;
  }
  engine_.world_destroy(ended);
}

void Simulation::begin(Vec gravity, ContactListener* listener) {
  end();
  auto* const world = reinterpret_cast<World*>(room_.get());
  engine_.world_create(world, gravity);
  world_ = world;
  if (listener != nullptr) engine_.set_contact_listener(world_, listener);
}

Body* Simulation::body(BodyType type, Vec position, float angle) {
  const BodyDef definition{.type = type, .position = position, .angle = angle};
  return engine_.create_body(world_, &definition);
}

void Simulation::fixture(Body* body, const Shape& shape, const Material& material) {
  const FixtureDef definition{
      .shape = &shape, .friction = material.friction, .density = material.density, .filter = material.filter};
  engine_.create_fixture(body, &definition);
}

void Simulation::edge(Body* body, Vec from, Vec to, const Material& material) {
  auto* const shape = reinterpret_cast<EdgeShape*>(edge_.data());
  shape->vertex1 = from;
  shape->vertex2 = to;
  fixture(body, shape->base, material);
}

void Simulation::polygon(Body* body, std::span<const Vec> vertices, const Material& material) {
  auto* const shape = reinterpret_cast<PolygonShape*>(polygon_.data());
  engine_.polygon_set(shape, vertices.data(), static_cast<int>(vertices.size()));
  fixture(body, shape->base, material);
}

void Simulation::box(Body* body, float half_width, float half_height, const Material& material) {
  auto* const shape = reinterpret_cast<PolygonShape*>(polygon_.data());
  engine_.polygon_set_box(shape, half_width, half_height);
  fixture(body, shape->base, material);
}

RevoluteJoint* Simulation::hinge(Body* a, Body* b, const Hinge& hinge) {
  const RevoluteJointDef definition{.body_a = a,
                                    .body_b = b,
                                    .anchor_a = hinge.anchor_a,
                                    .anchor_b = hinge.anchor_b,
                                    .reference_angle = b->angle - a->angle,
                                    .enable_limit = true,
                                    .lower_angle = hinge.lower,
                                    .upper_angle = hinge.upper,
                                    .enable_motor = true,
                                    .motor_speed = hinge.speed,
                                    .max_motor_torque = hinge.torque};
  return engine_.create_joint(world_, &definition);
}

void Simulation::step() { engine_.step(world_, static_cast<float>(1.0 / 50), 6 * 30, 2 * 30); }

void Simulation::drive(RevoluteJoint* joint, float speed, float torque) {
  engine_.set_motor_speed(joint, speed);
  engine_.set_max_motor_torque(joint, torque);
}

void wake(Body* body) {
  if (is_awake(body)) return;
  body->flags |= Body::kAwake;
  body->sleep_time = 0;
}

void apply_force(Body* body, Vec force) {
  wake(body);
  body->force.x += force.x;
  body->force.y += force.y;
}

void apply_torque(Body* body, float torque) {
  wake(body);
  body->torque += torque;
}

void apply_impulse(Body* body, Vec impulse, Vec point) {
  wake(body);
  const Vec arm{point.x - body->center.x, point.y - body->center.y};
  body->linear_velocity.x += body->inverse_mass * impulse.x;
  body->linear_velocity.y += body->inverse_mass * impulse.y;
  body->angular_velocity += body->inverse_inertia * (arm.x * impulse.y - arm.y * impulse.x);
}

}  // namespace bierl::box2d
