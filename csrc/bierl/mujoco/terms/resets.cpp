#include <bierl/mujoco/terms/resets.hpp>

#include <algorithm>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/terms/joints.hpp>

namespace bierl::mujoco::terms {

ResetNoise::Options ResetNoise::Options::read(OptionReader& reader) {
  const std::vector<std::string> kinds = {"joint_positions", "joint_velocities"};
  reader.require_given("term", "joint_positions or joint_velocities");
  const std::string kind = reader.text("term", "");
  require(std::find(kinds.begin(), kinds.end(), kind) != kinds.end(), reader.task() + ": there is no term '" + kind +
                                                                          "' of resets; known: " + joined(kinds) +
                                                                          did_you_mean(kind, kinds));
  reader.require_given("scale", "a finite number of at least 0");
  return {.positions = kind == "joint_positions",
          .normal = reader.choice("distribution", "uniform", {"uniform", "normal"}) == "normal",
          .scale = reader.noise_scale("scale", 0.0),
          .joints = reader.texts("joints")};
}

void ResetNoise::check(const std::string& who, const TaskOptions& options) {
  OptionReader reader(who, options);
  Options::read(reader);
  reader.finish();
}

ResetNoise::ResetNoise(const std::string& who, const TaskOptions& options, const Moment& moment) {
  OptionReader reader(who, options);
  const Options read = Options::read(reader);
  reader.finish();
  normal_ = read.normal;
  scale_ = read.scale;
  double* state = read.positions ? moment.data->qpos : moment.data->qvel;
  const auto ranges = read.positions ? position_ranges(moment.model, read.joints, who)
                                     : velocity_ranges(moment.model, read.joints, who);
  for (const JointRange& range : ranges) places_.push_back({state + range.first, range.count});
}

void ResetNoise::add(NumpyRandom& random) const {
  for (const Place& place : places_) {
    for (int i = 0; i < place.count; ++i) {
      place.first[i] += normal_ ? scale_ * random.standard_normal() : random.uniform(-scale_, scale_);
    }
  }
}

}  // namespace bierl::mujoco::terms
