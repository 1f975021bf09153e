// Walker2d-v5: two legs walk forward. Semantics: gymnasium/envs/mujoco/walker2d_v5.py.
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/planar_walker.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Walker2d final : public PlanarWalker {
 public:
  struct Options : PlanarWalkerOptions {
    static Options read(OptionReader& reader) {
      return {{.frame_skip = reader.count("frame_skip", 4),
               .forward_reward_weight = reader.number("forward_reward_weight", 1.0),
               .ctrl_cost_weight = reader.number("ctrl_cost_weight", 1e-3),
               .healthy_reward = reader.number("healthy_reward", 1.0),
               .terminate_when_unhealthy = reader.flag("terminate_when_unhealthy", true),
               .healthy_state_range = {},
               .healthy_z_range = reader.range("healthy_z_range", {0.8, 2.0}),
               .healthy_angle_range = reader.range("healthy_angle_range", {-1.0, 1.0}),
               .reset_noise_scale = reader.noise_scale("reset_noise_scale", 5e-3),
               .exclude_positions = read_exclude_positions(reader)}};
    }
  };
  using PlanarWalker::PlanarWalker;
};

}  // namespace

TaskEntry walker2d() { return entry<Walker2d>("Walker2d-v5", "walker2d_v5.xml", 1000, std::nullopt); }

}  // namespace bierl::mujoco::tasks
