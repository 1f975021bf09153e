// HalfCheetah-v5: a planar cheetah runs forward. Semantics: gymnasium/envs/mujoco/half_cheetah_v5.py.
#include <bierl/mujoco/tasks/base.hpp>
#include <bierl/mujoco/tasks/entries.hpp>

namespace bierl::mujoco::tasks {
namespace {

class HalfCheetah final : public TaskBase {
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
              .exclude_positions = reader.flag("exclude_current_positions_from_observation", true)};
    }
  };

  HalfCheetah(const mjModel* model, mjData* data, const Options& options)
      : TaskBase(model, data,
                 {.observation_size = model->nq + model->nv - (options.exclude_positions ? 1 : 0),
                  .frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "x_velocity"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"}}}),
        options_(options),
        skip_(options.exclude_positions ? 1 : 0) {}

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

  void observe(double* out) const override {
    out = put(out, data_->qpos + skip_, model_->nq - skip_);
    put(out, data_->qvel, model_->nv);
  }

  void reset_info(double* out) const override { put(out, {data_->qpos[0]}); }

  bool root_position(double xy[2]) const override {
    put(xy, {data_->qpos[0], 0});  // the model moves in the x-z plane
    return true;
  }

 private:
  Options options_;
  int skip_;
};

}  // namespace

TaskEntry half_cheetah() { return entry<HalfCheetah>("HalfCheetah-v5", "half_cheetah.xml", 1000, 4800.0); }

}  // namespace bierl::mujoco::tasks
