// Quantities of joints.
#include <bierl/mujoco/terms/joints.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/slices.hpp>

namespace bierl::mujoco::terms {

std::vector<JointRange> position_ranges(const mjModel* model, const std::vector<std::string>& joints,
                                        const std::string& who) {
  if (joints.empty()) return {{0, static_cast<int>(model->nq)}};
  std::vector<JointRange> ranges;
  for (const int joint : find_named(model, mjOBJ_JOINT, joints, who)) {
    const int kind = model->jnt_type[joint];
    ranges.push_back({model->jnt_qposadr[joint], kind == mjJNT_FREE ? 7 : kind == mjJNT_BALL ? 4 : 1});
  }
  return ranges;
}

std::vector<JointRange> velocity_ranges(const mjModel* model, const std::vector<std::string>& joints,
                                        const std::string& who) {
  if (joints.empty()) return {{0, static_cast<int>(model->nv)}};
  std::vector<JointRange> ranges;
  for (const int joint : find_named(model, mjOBJ_JOINT, joints, who)) {
    const int kind = model->jnt_type[joint];
    ranges.push_back({model->jnt_dofadr[joint], kind == mjJNT_FREE ? 6 : kind == mjJNT_BALL ? 3 : 1});
  }
  return ranges;
}

namespace {

std::vector<Slice> slices(const double* values, const std::vector<JointRange>& ranges) {
  std::vector<Slice> found;
  found.reserve(ranges.size());
  for (const JointRange& range : ranges) found.push_back({values + range.first, range.count});
  return found;
}

struct Joints {
  std::vector<std::string> names;
  static Joints read(OptionReader& reader) { return {reader.texts("joints")}; }
};

class JointPositions final : public Parts {
 public:
  using Options = Joints;
  JointPositions(const Moment& moment, const Options& joints, const std::string& who)
      : Parts(slices(moment.data->qpos, position_ranges(moment.model, joints.names, who))) {}
};

/// Values of degrees of freedom.
template <mjtNum* mjData::* kValues>
class OfJoints final : public Parts {
 public:
  using Options = Joints;
  OfJoints(const Moment& moment, const Options& joints, const std::string& who)
      : Parts(slices(moment.data->*kValues, velocity_ranges(moment.model, joints.names, who))) {}
};

}  // namespace

std::vector<QuantityEntry> joint_quantities() {
  return {
      quantity<JointPositions>(
          "joint_positions",
          "Positions of all joints, or of `joints`: angles in radians, slides in metres, of a free "
          "joint x, y, z and a quaternion."),
      quantity<OfJoints<&mjData::qvel>>("joint_velocities",
                                        "Velocities of all joints, or of `joints`, in radians or metres a second; of a "
                                        "free joint three linear ones and three angular ones."),
      quantity<OfJoints<&mjData::qacc>>("joint_accelerations", "Accelerations of all joints, or of `joints`."),
      quantity<OfJoints<&mjData::qfrc_actuator>>(
          "joint_forces", "What the actuators exert on all joints, or on `joints`, in newtons or newton metres."),
  };
}

}  // namespace bierl::mujoco::terms
