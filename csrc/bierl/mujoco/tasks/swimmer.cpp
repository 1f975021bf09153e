// Swimmer-v5: three links swim forward. Semantics: gymnasium/envs/mujoco/swimmer_v5.py.
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Swimmer final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double forward_reward_weight;
    double ctrl_cost_weight;
    double reset_noise_scale;
    bool exclude_positions;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 4),
              .forward_reward_weight = reader.number("forward_reward_weight", 1.0),
              .ctrl_cost_weight = reader.number("ctrl_cost_weight", 1e-4),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.1),
              .exclude_positions = read_exclude_positions(reader)};
    }
  };

  Swimmer(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kXY, options.exclude_positions,
                 {.frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}, {.name = "y_position"}, {.name = "distance_from_origin"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "y_position"},
                                  {.name = "distance_from_origin"},
                                  {.name = "x_velocity"},
                                  {.name = "y_velocity"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"}}}),
        options_(options) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  Step step(const float* action) override {
    const double x = data_->qpos[0];
    const double y = data_->qpos[1];
    simulate(action);
    const double x_velocity = (data_->qpos[0] - x) / dt_;
    const double y_velocity = (data_->qpos[1] - y) / dt_;
    const double forward = options_.forward_reward_weight * x_velocity;
    const float control = control_cost(options_.ctrl_cost_weight, action, model_->nu);
    put(info(), {data_->qpos[0], data_->qpos[1], norm(data_->qpos, 2), x_velocity, y_velocity, forward, -control});
    return {forward - control, false};
  }

  void observe(double* out) const override { put_velocities(put_positions(out)); }

  void reset_info(double* out) const override { put(out, {data_->qpos[0], data_->qpos[1], norm(data_->qpos, 2)}); }

 private:
  Options options_;
};

}  // namespace

TaskEntry swimmer() { return entry<Swimmer>("Swimmer-v5", "swimmer.xml", 1000, 360.0); }

}  // namespace bierl::mujoco::tasks
