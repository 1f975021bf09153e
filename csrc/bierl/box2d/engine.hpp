/// Box2D 2.3 as Gymnasium runs it: the functions of the `box2d` package's own compiled module, called from C++.
///
///     Engine::open(library) -> the one engine of this process -> Simulation(engine), one per thread
///
/// The library is opened with its symbols local: they are found through its handle and meet no other library's.
#pragma once

#include <string>

#include <bierl/box2d/abi.hpp>

namespace bierl::box2d {

/// The engine's functions; a member function takes its object first. Each may end by a failed assertion: call them
/// inside run_trapped (assertions.hpp).
struct Engine {
  void (*world_create)(World* room, const Vec& gravity);
  void (*world_destroy)(World*);
  Body* (*create_body)(World*, const BodyDef*);
  RevoluteJoint* (*create_joint)(World*, const RevoluteJointDef*);
  void (*step)(World*, float seconds, int velocity_iterations, int position_iterations);
  void (*ray_cast)(const World*, RayCastCallback*, const Vec& from, const Vec& to);
  void (*set_contact_listener)(World*, ContactListener*);
  Fixture* (*create_fixture)(Body*, const FixtureDef*);
  void (*polygon_set)(PolygonShape*, const Vec* vertices, int count);
  void (*polygon_set_box)(PolygonShape*, float half_width, float half_height);
  float (*joint_angle)(const RevoluteJoint*);
  float (*joint_speed)(const RevoluteJoint*);
  void (*set_motor_speed)(RevoluteJoint*, float);
  void (*set_max_motor_torque)(RevoluteJoint*, float);
  const void* polygon_vtable;
  const void* edge_vtable;

  /// Opens the library, once a process, and sets up what the engine would else set up in the middle of a first step, on
  /// whichever thread. Throws SimulationError, with the reason, where this is no Box2D that can be called.
  ///
  /// What it calls is trusted to be laid out as abi.hpp says: a library of another build may end the process.
  static const Engine& open(const std::string& library);
};

}  // namespace bierl::box2d
