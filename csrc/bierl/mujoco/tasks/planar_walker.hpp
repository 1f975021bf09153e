/// What Hopper and Walker2d share: run forward in the x-z plane and stay healthy.
#pragma once

#include <optional>

#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {

struct PlanarWalkerOptions {
  int frame_skip;
  double forward_reward_weight;
  double ctrl_cost_weight;
  double healthy_reward;
  bool terminate_when_unhealthy;
  std::optional<Range> healthy_state_range;  ///< of qpos[2:] and qvel; Walker2d has none
  Range healthy_z_range;
  Range healthy_angle_range;
  double reset_noise_scale;
  bool exclude_positions;
};

class PlanarWalker : public RootTask {
 public:
  PlanarWalker(const std::shared_ptr<Simulation>& simulation, const PlanarWalkerOptions& options)
      : RootTask(simulation, Root::kX, options.exclude_positions,
                 {.frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}, {.name = "z_distance_from_origin"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "z_distance_from_origin"},
                                  {.name = "x_velocity"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"},
                                  {.name = "reward_survive"}}}),
        options_(options) {}

  void reset(NumpyRandom& random) final {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  Step step(const float* action) final {
    const double x = data_->qpos[0];
    simulate(action);
    const double x_velocity = (data_->qpos[0] - x) / dt_;
    const double forward = options_.forward_reward_weight * x_velocity;
    const bool healthy = is_healthy();
    const double survive = (healthy ? 1 : 0) * options_.healthy_reward;
    const float control = control_cost(options_.ctrl_cost_weight, action, model_->nu);
    put(info(), {data_->qpos[0], height_gain(), x_velocity, forward, -control, survive});
    return {forward + survive - control, !healthy && options_.terminate_when_unhealthy};
  }

  void observe(double* out) const final { put_clipped(put_positions(out), data_->qvel, model_->nv, {-10, 10}); }

  void reset_info(double* out) const final { put(out, {data_->qpos[0], height_gain()}); }

 private:
  double height_gain() const { return data_->qpos[1] - model_->qpos0[1]; }

  bool is_healthy() const {
    if (!inside(data_->qpos[1], options_.healthy_z_range)) return false;
    if (!inside(data_->qpos[2], options_.healthy_angle_range)) return false;
    if (!options_.healthy_state_range) return true;
    const auto in_range = [range = *options_.healthy_state_range](double value) { return inside(value, range); };
    return std::all_of(data_->qpos + 2, data_->qpos + model_->nq, in_range) &&
           std::all_of(data_->qvel, data_->qvel + model_->nv, in_range);
  }

  PlanarWalkerOptions options_;
};

}  // namespace bierl::mujoco::tasks
