// Quantities of bodies.
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/slices.hpp>

namespace bierl::mujoco::terms {
namespace {

struct SomeBodies {
  std::vector<std::string> names;
  static SomeBodies read(OptionReader& reader) {
    reader.require_given("bodies", "the name of a body, or a list of names");
    return {reader.texts("bodies")};
  }
};

struct AllOrSomeBodies {
  std::vector<std::string> names;
  static AllOrSomeBodies read(OptionReader& reader) { return {reader.texts("bodies")}; }
};

/// `kEach` numbers of each body, as they lie in mjData.
template <mjtNum* mjData::* kValues, int kEach, class Bodies, bool kContacts = false>
class OfBodies final : public Parts {
 public:
  using Options = Bodies;
  OfBodies(const Moment& moment, const Options& bodies, const std::string& who)
      : Parts(slices(moment, bodies.names, who)) {}
  bool reads_contact_forces() const override { return kContacts; }

 private:
  static std::vector<Slice> slices(const Moment& moment, const std::vector<std::string>& names,
                                   const std::string& who) {
    const double* values = moment.data->*kValues;
    if (names.empty()) return {{values, kEach * moment.model->nbody}};
    std::vector<Slice> found;
    for (const int body : find_named(moment.model, mjOBJ_BODY, names, who)) {
      found.push_back({values + kEach * body, kEach});
    }
    return found;
  }
};

/// What is worked out for each of some bodies: write_one(body, out).
class OfEach : public Computed {
 public:
  OfEach(const Moment& moment, const std::vector<std::string>& bodies, const std::string& who, mjtSize each)
      : Computed(each * static_cast<mjtSize>(bodies.size())),
        moment_(moment),
        bodies_(find_named(moment.model, mjOBJ_BODY, bodies, who)),
        each_(each) {}

 protected:
  const Moment& moment_;

 private:
  virtual void write_one(int body, double* out) const = 0;
  void write(double* out) const final {
    for (const int body : bodies_) {
      write_one(body, out);
      out += each_;
    }
  }
  std::vector<int> bodies_;
  mjtSize each_;
};

class Heights final : public OfEach {
 public:
  using Options = SomeBodies;
  Heights(const Moment& moment, const Options& bodies, const std::string& who) : OfEach(moment, bodies.names, who, 1) {}

 private:
  void write_one(int body, double* out) const override { *out = moment_.data->xpos[3 * body + 2]; }
};

struct BodiesInFrame {
  std::vector<std::string> names;
  bool local;
  static BodiesInFrame read(OptionReader& reader) {
    return {SomeBodies::read(reader).names, reader.choice("frame", "world", {"world", "body"}) == "body"};
  }
};

/// Velocity of a body: linear from 3, angular from 0, as mj_objectVelocity writes them.
template <int kFrom>
class Velocities final : public OfEach {
 public:
  using Options = BodiesInFrame;
  Velocities(const Moment& moment, const Options& options, const std::string& who)
      : OfEach(moment, options.names, who, 3), local_(options.local) {}

 private:
  void write_one(int body, double* out) const override {
    double both[6];
    mj_objectVelocity(moment_.model, moment_.data, mjOBJ_XBODY, body, both, local_ ? 1 : 0);
    std::copy_n(both + kFrom, 3, out);
  }
  bool local_;
};

struct BodiesWithAxis {
  std::vector<std::string> names;
  int axis;
  static BodiesWithAxis read(OptionReader& reader) {
    const std::string axis = reader.choice("axis", "z", {"x", "y", "z"});
    return {SomeBodies::read(reader).names, axis[0] - 'x'};
  }
};

class Uprightness final : public OfEach {
 public:
  using Options = BodiesWithAxis;
  Uprightness(const Moment& moment, const Options& options, const std::string& who)
      : OfEach(moment, options.names, who, 1), axis_(options.axis) {}

 private:
  void write_one(int body, double* out) const override { *out = moment_.data->xmat[9 * body + 6 + axis_]; }
  int axis_;
};

/// Where down is, seen from the body.
class Down final : public OfEach {
 public:
  using Options = SomeBodies;
  Down(const Moment& moment, const Options& bodies, const std::string& who) : OfEach(moment, bodies.names, who, 3) {}

 private:
  void write_one(int body, double* out) const override {
    for (int i = 0; i < 3; ++i) out[i] = -moment_.data->xmat[9 * body + 6 + i];
  }
};

/// x, y, z of the mass of all bodies.
class CenterOfMass final : public Computed {
 public:
  using Options = NoOptions;
  CenterOfMass(const Moment& moment, const Options&, const std::string&)
      : Computed(3), moment_(moment), mass_(tasks::numpy_sum<double>(0, moment.model->nbody, [&moment](mjtSize i) {
          return moment.model->body_mass[i];
        })) {}

 private:
  void write(double* out) const override {
    const mjModel* model = moment_.model;
    double moment[3] = {0, 0, 0};
    for (int i = 0; i < model->nbody; ++i) {
      for (int axis = 0; axis < 3; ++axis) moment[axis] += model->body_mass[i] * moment_.data->xipos[3 * i + axis];
    }
    for (int axis = 0; axis < 3; ++axis) out[axis] = moment[axis] / mass_;
  }
  const Moment& moment_;
  double mass_;  // kg, of all bodies
};

}  // namespace

std::vector<QuantityEntry> body_quantities() {
  return {
      quantity<OfBodies<&mjData::xpos, 3, SomeBodies>>("body_positions",
                                                       "x, y, z of `bodies` in the world, in metres."),
      quantity<Heights>("body_heights", "z of `bodies` in the world, in metres."),
      quantity<OfBodies<&mjData::xquat, 4, SomeBodies>>("body_orientations",
                                                        "Orientations of `bodies` in the world, as quaternions."),
      quantity<Uprightness>("uprightness",
                            "How far the `axis` (\"x\", \"y\", or \"z\", the default) of `bodies` points up: from 1, "
                            "straight up, to -1, straight down."),
      quantity<Down>("gravity_directions", "Where down is, as a unit vector in the frame of each of `bodies`."),
      quantity<Velocities<3>>("body_velocities",
                              "Linear velocities of `bodies` along the axes of the `frame` \"world\" (the default) or "
                              "\"body\", in metres a second."),
      quantity<Velocities<0>>("body_angular_velocities",
                              "Angular velocities of `bodies` about the axes of the `frame` \"world\" (the default) or "
                              "\"body\", in radians a second."),
      quantity<CenterOfMass>("center_of_mass", "x, y, z of the centre of mass of the whole model, in metres."),
      quantity<OfBodies<&mjData::cfrc_ext, 6, AllOrSomeBodies, true>>(
          "contact_forces",
          "Torques and forces from outside (MuJoCo's cfrc_ext) on all bodies, or on `bodies`, 6 numbers each; the "
          "first "
          "of all bodies is the world."),
      quantity<OfBodies<&mjData::cinert, 10, AllOrSomeBodies>>(
          "body_inertias",
          "Inertias about the centre of mass (MuJoCo's cinert) of all bodies, or of `bodies`, 10 numbers "
          "each; the first of all bodies is the world."),
      quantity<OfBodies<&mjData::cvel, 6, AllOrSomeBodies>>(
          "body_spatial_velocities",
          "Angular and linear velocities about the centre of mass (MuJoCo's cvel) of all "
          "bodies, or of `bodies`, 6 numbers each; the first of all bodies is the world."),
  };
}

}  // namespace bierl::mujoco::terms
