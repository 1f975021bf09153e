// HalfCheetah-v5: a planar cheetah runs forward. Semantics: gymnasium/envs/mujoco/half_cheetah_v5.py.
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {
namespace {

class HalfCheetah final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double forward_reward_weight;
    double ctrl_cost_weight;
    double reset_noise_scale;
    bool exclude_positions;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 5),
              .forward_reward_weight = reader.number("forward_reward_weight", 1.0),
              .ctrl_cost_weight = reader.number("ctrl_cost_weight", 0.1),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.1),
              .exclude_positions = read_exclude_positions(reader)};
    }
  };

  HalfCheetah(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kX, options.exclude_positions,
                 {.frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "x_velocity"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"}}}),
        options_(options) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kNormal);
  }

  Step step(const float* action) override {
    const double x = data_->qpos[0];
    simulate(action);
    const double x_velocity = (data_->qpos[0] - x) / dt_;
    const double forward = options_.forward_reward_weight * x_velocity;
    const float control = control_cost(options_.ctrl_cost_weight, action, model_->nu);
    put(info(), {data_->qpos[0], x_velocity, forward, -control});
    return {forward - control, false};
  }

  void observe(double* out) const override { put_velocities(put_positions(out)); }

  void reset_info(double* out) const override { put(out, {data_->qpos[0]}); }

 private:
  Options options_;
};

}  // namespace

TaskEntry half_cheetah() { return entry<HalfCheetah>("HalfCheetah-v5", "half_cheetah.xml", 1000, 4800.0); }

}  // namespace bierl::mujoco::tasks
