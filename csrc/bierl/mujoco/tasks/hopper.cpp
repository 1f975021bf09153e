// Hopper-v5: one leg hops forward. Semantics: gymnasium/envs/mujoco/hopper_v5.py.
#include <limits>

#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/planar_walker.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Hopper final : public PlanarWalker {
 public:
  struct Options : PlanarWalkerOptions {
    static Options read(OptionReader& reader) {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return {{.frame_skip = reader.count("frame_skip", 4),
               .forward_reward_weight = reader.number("forward_reward_weight", 1.0),
               .ctrl_cost_weight = reader.number("ctrl_cost_weight", 1e-3),
               .healthy_reward = reader.number("healthy_reward", 1.0),
               .terminate_when_unhealthy = reader.flag("terminate_when_unhealthy", true),
               .healthy_state_range = reader.range("healthy_state_range", {-100.0, 100.0}),
               .healthy_z_range = reader.range("healthy_z_range", {0.7, kInfinity}),
               .healthy_angle_range = reader.range("healthy_angle_range", {-0.2, 0.2}),
               .reset_noise_scale = reader.noise_scale("reset_noise_scale", 5e-3),
               .exclude_positions = read_exclude_positions(reader)}};
    }
  };
  using PlanarWalker::PlanarWalker;
};

}  // namespace

TaskEntry hopper() { return entry<Hopper>("Hopper-v5", "hopper.xml", 1000, 3800.0); }

}  // namespace bierl::mujoco::tasks
