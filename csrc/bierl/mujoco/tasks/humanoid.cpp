// Humanoid-v5: walk forward without falling. Semantics: gymnasium/envs/mujoco/humanoid_v5.py.
#include <limits>

#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/humanoid_body.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Humanoid final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double forward_reward_weight;
    double ctrl_cost_weight;
    double contact_cost_weight;
    Range contact_cost_range;
    double healthy_reward;
    bool terminate_when_unhealthy;
    Range healthy_z_range;
    double reset_noise_scale;
    HumanoidObservation observation;
    static Options read(OptionReader& reader) {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return {.frame_skip = reader.count("frame_skip", 5),
              .forward_reward_weight = reader.number("forward_reward_weight", 1.25),
              .ctrl_cost_weight = reader.number("ctrl_cost_weight", 0.1),
              .contact_cost_weight = reader.number("contact_cost_weight", 5e-7),
              .contact_cost_range = reader.range("contact_cost_range", {-kInfinity, 10.0}),
              .healthy_reward = reader.number("healthy_reward", 5.0),
              .terminate_when_unhealthy = reader.flag("terminate_when_unhealthy", true),
              .healthy_z_range = reader.range("healthy_z_range", {1.0, 2.0}),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 1e-2),
              .observation = HumanoidObservation::read(reader)};
    }
  };

  Humanoid(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kXY, options.observation.exclude_positions,
                 {.observation_size = options.observation.size(simulation->model()),
                  .frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"},
                                   {.name = "y_position"},
                                   {.name = "tendon_length", .size = simulation->model()->ntendon, .scalar = false},
                                   {.name = "tendon_velocity", .size = simulation->model()->ntendon, .scalar = false},
                                   {.name = "distance_from_origin"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "y_position"},
                                  {.name = "tendon_length", .size = simulation->model()->ntendon, .scalar = false},
                                  {.name = "tendon_velocity", .size = simulation->model()->ntendon, .scalar = false},
                                  {.name = "distance_from_origin"},
                                  {.name = "x_velocity"},
                                  {.name = "y_velocity"},
                                  {.name = "reward_survive"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"},
                                  {.name = "reward_contact"}}}),
        options_(options),
        mass_(numpy_sum<double>(0, model_->nbody, [this](mjtSize i) { return model_->body_mass[i]; })),
        reads_contact_forces_(options.observation.contact_forces || options.contact_cost_weight != 0) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  Step step(const float* action) override {
    const double x = mass_center(0);
    const double y = mass_center(1);
    simulate(action);
    if (reads_contact_forces_) mj_rnePostConstraint(model_, data_);
    const double x_velocity = (mass_center(0) - x) / dt_;
    const double y_velocity = (mass_center(1) - y) / dt_;
    const double forward = options_.forward_reward_weight * x_velocity;
    const bool healthy = inside(data_->qpos[2], options_.healthy_z_range);
    const double survive = (healthy ? 1 : 0) * options_.healthy_reward;
    // From data.ctrl, float64, where the other tasks take the float32 action.
    const double control = options_.ctrl_cost_weight * sum_of_squares(data_->ctrl, model_->nu);
    const double contact = contact_cost();
    reset_info(info());  // the first five fields are the same
    put(info() + 3 + 2 * model_->ntendon, {x_velocity, y_velocity, survive, forward, -control, -contact});
    return {forward + survive - (control + contact), !healthy && options_.terminate_when_unhealthy};
  }

  void observe(double* out) const override {
    options_.observation.write(model_, data_, put_velocities(put_positions(out)));
  }

  void reset_info(double* out) const override {
    out = put(out, data_->qpos, 2);
    out = put(out, data_->ten_length, model_->ntendon);
    out = put(out, data_->ten_velocity, model_->ntendon);
    put(out, {norm(data_->qpos, 2)});
  }

 private:
  double mass_center(int axis) const {
    double moment = 0;
    for (int i = 0; i < model_->nbody; ++i) moment += model_->body_mass[i] * data_->xipos[3 * i + axis];
    return moment / mass_;
  }

  double contact_cost() const {
    const double cost = options_.contact_cost_weight * sum_of_squares(data_->cfrc_ext, 6 * model_->nbody);
    return clipped(cost, options_.contact_cost_range);
  }

  Options options_;
  double mass_;                // kg, of all bodies
  bool reads_contact_forces_;  // else mj_rnePostConstraint is not worth calling
};

}  // namespace

TaskEntry humanoid() { return entry<Humanoid>("Humanoid-v5", "humanoid.xml", 1000, std::nullopt); }

}  // namespace bierl::mujoco::tasks
