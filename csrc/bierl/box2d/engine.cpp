#include <bierl/box2d/engine.hpp>

#include <dlfcn.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include <bierl/box2d/assertions.hpp>
#include <bierl/box2d/simulation.hpp>
#include <bierl/core/error.hpp>

namespace bierl::box2d {
namespace {

constexpr const char* kVersion = "b2_version";

void* find(void* handle, const char* symbol) {
  void* const found = dlsym(handle, symbol);
  if (found == nullptr) throw SimulationError(std::string("this build of Box2D does not export ") + symbol);
  return found;
}

template <class Function>
void find(void* handle, const char* symbol, Function*& function) {
  function = reinterpret_cast<Function*>(find(handle, symbol));
}

/// Where an object's first word points: past the offset to top and the type information of the Itanium C++ ABI.
const void* vtable(void* handle, const char* symbol) {
  return static_cast<const std::uintptr_t*>(find(handle, symbol)) + 2;
}

void require_version(void* handle) {
  const int* const version = static_cast<const int*>(find(handle, kVersion));
  if (version[0] != 2 || version[1] != 3)
    throw SimulationError("Box2D " + std::to_string(version[0]) + "." + std::to_string(version[1]) +
                          " is another engine, wanted 2.3");
}

void find_all(void* handle, Engine& engine) {
  find(handle, "_ZN7b2WorldC1ERK6b2Vec2", engine.world_create);
  find(handle, "_ZN7b2WorldD1Ev", engine.world_destroy);
  find(handle, "_ZN7b2World10CreateBodyEPK9b2BodyDef", engine.create_body);
  find(handle, "_ZN7b2World11CreateJointEPK10b2JointDef", engine.create_joint);
  find(handle, "_ZN7b2World4StepEfii", engine.step);
  find(handle, "_ZNK7b2World7RayCastEP17b2RayCastCallbackRK6b2Vec2S4_", engine.ray_cast);
  find(handle, "_ZN7b2World18SetContactListenerEP17b2ContactListener", engine.set_contact_listener);
  find(handle, "_ZN6b2Body13CreateFixtureEPK12b2FixtureDef", engine.create_fixture);
  find(handle, "_ZN14b2PolygonShape3SetEPK6b2Vec2i", engine.polygon_set);
  find(handle, "_ZN14b2PolygonShape8SetAsBoxEff", engine.polygon_set_box);
  find(handle, "_ZNK15b2RevoluteJoint13GetJointAngleEv", engine.joint_angle);
  find(handle, "_ZNK15b2RevoluteJoint13GetJointSpeedEv", engine.joint_speed);
  find(handle, "_ZN15b2RevoluteJoint13SetMotorSpeedEf", engine.set_motor_speed);
  find(handle, "_ZN15b2RevoluteJoint17SetMaxMotorTorqueEf", engine.set_max_motor_torque);
  engine.polygon_vtable = vtable(handle, "_ZTV14b2PolygonShape");
  engine.edge_vtable = vtable(handle, "_ZTV11b2EdgeShape");
}

/// A box falls on the ground and on a block: the engine's tables of sizes and of contact kinds are made now.
void set_up(void* argument) {
  auto& simulation = *static_cast<Simulation*>(argument);
  simulation.begin({0, -10}, nullptr);
  Body* const ground = simulation.body(BodyType::fixed, {0, 0}, 0);
  simulation.edge(ground, {-5, 0}, {5, 0}, {});
  simulation.box(ground, 0.5F, 0.5F, {});
  simulation.box(simulation.body(BodyType::dynamic, {0.4F, 1}, 0), 0.2F, 0.2F, {.density = 1});
  simulation.box(simulation.body(BodyType::dynamic, {2, 0.3F}, 0), 0.2F, 0.2F, {.density = 1});
  for (int i = 0; i < 20; ++i) simulation.step();
}

void fail(void* argument) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  static_cast<Simulation*>(argument)->body(BodyType::fixed, {nan, nan}, 0);
}

std::unique_ptr<const Engine> opened(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) throw SimulationError(std::string("Box2D cannot be loaded: ") + dlerror());
  auto engine = std::make_unique<Engine>();
  require_version(handle);
  find_all(handle, *engine);
  trap_assertions(handle);
  Simulation simulation(*engine);
  std::string text;
  if (!run_trapped(set_up, &simulation, text)) throw SimulationError("Box2D fails in its first steps: " + text);
  if (run_trapped(fail, &simulation, text)) throw SimulationError("Box2D takes a position that is no number");
  return engine;
}

}  // namespace

const Engine& Engine::open(const std::string& library) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Engine>> engines;
  const std::lock_guard lock(mutex);
  auto& engine = engines[library];
  if (engine == nullptr) engine = opened(library);
  return *engine;
}

}  // namespace bierl::box2d
