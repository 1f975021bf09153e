// Quantities of actions, commands and actuators.
#include <algorithm>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/slices.hpp>

namespace bierl::mujoco::terms {
namespace {

/// What a policy gave, in double precision.
class LastAction final : public Whole {
 public:
  using Options = NoOptions;
  LastAction(const Moment& moment, const Options&, const std::string&) : Whole(moment.data->ctrl, moment.model->nu) {}
};

class ActionRate final : public Computed {
 public:
  using Options = NoOptions;
  ActionRate(const Moment& moment, const Options&, const std::string&) : Computed(moment.model->nu), moment_(moment) {}

 private:
  void write(double* out) const override {
    std::transform(moment_.action.begin(), moment_.action.end(), moment_.previous_action.begin(), out,
                   [](float now, float before) { return static_cast<double>(now) - static_cast<double>(before); });
  }
  const Moment& moment_;
};

class ActuatorForces final : public Parts {
 public:
  struct Options {
    std::vector<std::string> names;
    static Options read(OptionReader& reader) { return {reader.texts("actuators")}; }
  };
  ActuatorForces(const Moment& moment, const Options& options, const std::string& who)
      : Parts(slices(moment, options, who)) {}

 private:
  static std::vector<Slice> slices(const Moment& moment, const Options& options, const std::string& who) {
    if (options.names.empty()) return {{moment.data->actuator_force, moment.model->nu}};
    std::vector<Slice> found;
    for (const int actuator : find_named(moment.model, mjOBJ_ACTUATOR, options.names, who)) {
      found.push_back({moment.data->actuator_force + actuator, 1});
    }
    return found;
  }
};

/// What the reset terms `command` drew for this episode.
class Command final : public Whole {
 public:
  using Options = NoOptions;
  Command(const Moment& moment, const Options&, const std::string& who)
      : Whole(moment.command.data(), static_cast<mjtSize>(moment.command.size())) {
    require(!moment.command.empty(), who + ": nothing is commanded; give a reset term 'command'");
  }
};

}  // namespace

std::vector<QuantityEntry> control_quantities() {
  return {
      quantity<LastAction>("action", "The action of this step; zeros after a reset."),
      quantity<ActionRate>("action_rate", "The action of this step minus that of the step before."),
      quantity<Command>("command", "What the reset terms `command` drew for this episode, one after another."),
      quantity<ActuatorForces>("actuator_forces", "Forces of all actuators, or of `actuators`."),
  };
}

}  // namespace bierl::mujoco::terms
