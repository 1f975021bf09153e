#include <bierl/mujoco/terms/resets.hpp>

#include <algorithm>

#include <bierl/core/error.hpp>
#include <bierl/core/names.hpp>
#include <bierl/mujoco/terms/joints.hpp>

namespace bierl::mujoco::terms {

ResetTerm::Options ResetTerm::Options::read(OptionReader& reader) {
  static const std::vector<std::string> kinds = {"joint_positions", "joint_velocities", "command"};
  reader.require_given("term", "one of " + listed(kinds));
  const std::string kind = reader.text("term", "");
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw unknown_name("term of " + reader.task(), kind, kinds);
  }
  Options options{.kind = kind, .normal = false, .scale = 0, .joints = {}, .low = {}, .high = {}};
  if (kind == "command") {
    reader.require_given("low", "a finite number, or a list of them");
    reader.require_given("high", "a finite number, or a list of them");
    options.low = reader.numbers("low");
    options.high = reader.numbers("high");
    require_size(reader.task() + ": high", options.high.size(), options.low.size(), "as many as low");
    for (std::size_t i = 0; i < options.low.size(); ++i) {
      require(options.low[i] <= options.high[i], reader.task() + ": low must not be above high");
    }
    return options;
  }
  reader.require_given("scale", "a finite number of at least 0");
  options.normal = reader.choice("distribution", "uniform", {"uniform", "normal"}) == "normal";
  options.scale = reader.noise_scale("scale", 0.0);
  options.joints = reader.texts("joints");
  return options;
}

void ResetTerm::check(const std::string& who, const TaskOptions& options) {
  OptionReader reader(who, options);
  Options::read(reader);
  reader.finish();
}

ResetTerm::ResetTerm(const std::string& who, const TaskOptions& options, Moment& moment) : moment_(&moment) {
  OptionReader reader(who, options);
  options_ = Options::read(reader);
  reader.finish();
  if (options_.kind == "command") {
    first_ = moment.command.size();
    moment.command.resize(first_ + options_.low.size());
    return;
  }
  const bool positions = options_.kind == "joint_positions";
  double* state = positions ? moment.data->qpos : moment.data->qvel;
  const auto ranges = positions ? position_ranges(moment.model, options_.joints, who)
                                : velocity_ranges(moment.model, options_.joints, who);
  for (const JointRange& range : ranges) places_.push_back({state + range.first, range.count});
}

void ResetTerm::draw(NumpyRandom& random) const {
  const double scale = options_.scale;
  for (const Place& place : places_) {
    for (int i = 0; i < place.count; ++i) {
      place.first[i] += options_.normal ? scale * random.standard_normal() : random.uniform(-scale, scale);
    }
  }
  for (std::size_t i = 0; i < options_.low.size(); ++i) {
    moment_->command[first_ + i] = random.uniform(options_.low[i], options_.high[i]);
  }
}

}  // namespace bierl::mujoco::terms
