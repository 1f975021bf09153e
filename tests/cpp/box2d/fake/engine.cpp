// A library that looks like Box2D's compiled module and has no physics: where it fails is up to the test.
//
// Bodies lie in the room of their world. A step fails like an assertion of the real one where the second body that was
// made was pushed to the right: it leaves an allocation on the solver's stack and a destructor in between that would
// fail again.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include <bierl/box2d/abi.hpp>

using namespace bierl::box2d;

extern "C" {

void PyErr_SetString(void* type, const char* text);  // the test program's

namespace {

constexpr int kMost = 400;
constexpr int kLastWords = 5;  // the step that fails

struct FakeWorld {
  int bodies;
  int steps;
  Body body[kMost];
};
static_assert(sizeof(FakeWorld) < kStackIndex);

FakeWorld& insides(World* world) { return *reinterpret_cast<FakeWorld*>(world); }
std::int32_t& stack_index(World* world) {
  return *reinterpret_cast<std::int32_t*>(reinterpret_cast<std::byte*>(world) + kStackIndex);
}

struct Assertion {};
void require(bool holds, const char* text) {
  if (holds) return;
  PyErr_SetString(nullptr, text);
  throw Assertion();
}

struct Allocation {
  ~Allocation() { std::abort(); }  // as the real one's, which ends the process while an assertion passes
};

}  // namespace

#define EXPORT __attribute__((visibility("default")))

EXPORT int b2_version[3] = {FAKE_VERSION, 3, 0};
EXPORT void* _ZTV14b2PolygonShape[3] = {};
EXPORT void* _ZTV11b2EdgeShape[3] = {};

EXPORT void _ZN7b2WorldC1ERK6b2Vec2(World* world, const Vec&) { std::memset(world, 0, kWorldSize); }
EXPORT void _ZN7b2WorldD1Ev(World* world) {
  if (stack_index(world) != 0) std::abort();
}
EXPORT Body* _ZN7b2World10CreateBodyEPK9b2BodyDef(World* world, const BodyDef* definition) {
  require(std::isfinite(definition->position.x), "bd->position.IsValid()");
  FakeWorld& fake = insides(world);
  Body* const body = &fake.body[fake.bodies++];
  body->type = definition->type;
  body->flags = Body::kAwake;
  body->position = definition->position;
  return body;
}
EXPORT RevoluteJoint* _ZN7b2World11CreateJointEPK10b2JointDef(World*, const RevoluteJointDef*) { return nullptr; }
EXPORT void _ZN7b2World4StepEfii(World* world, float, int, int) {
  FakeWorld& fake = insides(world);
  if (++fake.steps != kLastWords || fake.body[1].force.x <= 0) return;
  stack_index(world) = 1;
  const Allocation allocation;
  require(false, "kNormal > b2_epsilon");
}
EXPORT void _ZNK7b2World7RayCastEP17b2RayCastCallbackRK6b2Vec2S4_(const World*, RayCastCallback*, const Vec&,
                                                                  const Vec&) {}
EXPORT void _ZN7b2World18SetContactListenerEP17b2ContactListener(World*, ContactListener*) {}
EXPORT Fixture* _ZN6b2Body13CreateFixtureEPK12b2FixtureDef(Body*, const FixtureDef*) { return nullptr; }
EXPORT void _ZN14b2PolygonShape3SetEPK6b2Vec2i(PolygonShape*, const Vec*, int) {}
EXPORT void _ZN14b2PolygonShape8SetAsBoxEff(PolygonShape*, float, float) {}
EXPORT float _ZNK15b2RevoluteJoint13GetJointAngleEv(const RevoluteJoint*) { return 0; }
EXPORT float _ZNK15b2RevoluteJoint13GetJointSpeedEv(const RevoluteJoint*) { return 0; }
EXPORT void _ZN15b2RevoluteJoint13SetMotorSpeedEf(RevoluteJoint*, float) {}
EXPORT void _ZN15b2RevoluteJoint17SetMaxMotorTorqueEf(RevoluteJoint*, float) {}

}  // extern "C"
