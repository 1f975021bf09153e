// HumanoidStandup-v5: get up from lying. Semantics: gymnasium/envs/mujoco/humanoidstandup_v5.py.
#include <limits>

#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/humanoid_body.hpp>

namespace bierl::mujoco::tasks {
namespace {

class HumanoidStandup final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double uph_cost_weight;  // accepted and unused, as in Gymnasium
    double ctrl_cost_weight;
    double impact_cost_weight;
    Range impact_cost_range;
    double reset_noise_scale;
    HumanoidObservation observation;
    static Options read(OptionReader& reader) {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return {.frame_skip = reader.count("frame_skip", 5),
              .uph_cost_weight = reader.number("uph_cost_weight", 1.0),
              .ctrl_cost_weight = reader.number("ctrl_cost_weight", 0.1),
              .impact_cost_weight = reader.number("impact_cost_weight", 0.5e-6),
              .impact_cost_range = reader.range("impact_cost_range", {-kInfinity, 10.0}),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 1e-2),
              .observation = HumanoidObservation::read(reader)};
    }
  };

  HumanoidStandup(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kXY, options.observation.exclude_positions,
                 {.observation_size = options.observation.size(simulation->model()),
                  .frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"},
                                   {.name = "y_position"},
                                   {.name = "z_distance_from_origin"},
                                   {.name = "tendon_length", .size = simulation->model()->ntendon, .scalar = false},
                                   {.name = "tendon_velocity", .size = simulation->model()->ntendon, .scalar = false}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "y_position"},
                                  {.name = "z_distance_from_origin"},
                                  {.name = "tendon_length", .size = simulation->model()->ntendon, .scalar = false},
                                  {.name = "tendon_velocity", .size = simulation->model()->ntendon, .scalar = false},
                                  {.name = "reward_linup"},
                                  {.name = "reward_quadctrl"},
                                  {.name = "reward_impact"}}}),
        options_(options),
        reads_contact_forces_(options.observation.contact_forces || options.impact_cost_weight != 0) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  Step step(const float* action) override {
    simulate(action);
    if (reads_contact_forces_) mj_rnePostConstraint(model_, data_);
    const double up = data_->qpos[2] / model_->opt.timestep;
    const double control = options_.ctrl_cost_weight * sum_of_squares(data_->ctrl, model_->nu);
    const double impact = clipped(options_.impact_cost_weight * sum_of_squares(data_->cfrc_ext, 6 * model_->nbody),
                                  options_.impact_cost_range);
    reset_info(info());  // the first five fields are the same
    put(info() + 3 + 2 * model_->ntendon, {up, -control, -impact});
    return {up - control - impact + 1, false};
  }

  void observe(double* out) const override {
    options_.observation.write(model_, data_, put_velocities(put_positions(out)));
  }

  void reset_info(double* out) const override {
    out = put(out, {data_->qpos[0], data_->qpos[1], data_->qpos[2] - model_->qpos0[2]});
    out = put(out, data_->ten_length, model_->ntendon);
    put(out, data_->ten_velocity, model_->ntendon);
  }

 private:
  Options options_;
  bool reads_contact_forces_;  // else mj_rnePostConstraint is not worth calling
};

}  // namespace

TaskEntry humanoid_standup() {
  return entry<HumanoidStandup>("HumanoidStandup-v5", "humanoidstandup.xml", 1000, std::nullopt);
}

}  // namespace bierl::mujoco::tasks
