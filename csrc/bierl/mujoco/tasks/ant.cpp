// Ant-v5: four legs run forward. Semantics: gymnasium/envs/mujoco/ant_v5.py.
#include <bierl/core/error.hpp>
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Ant final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double forward_reward_weight;
    double ctrl_cost_weight;
    double contact_cost_weight;
    double healthy_reward;
    std::variant<std::int64_t, std::string> main_body;
    bool terminate_when_unhealthy;
    Range healthy_z_range;
    Range contact_force_range;
    double reset_noise_scale;
    bool exclude_positions;
    bool include_contact_forces;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 5),
              .forward_reward_weight = reader.number("forward_reward_weight", 1.0),
              .ctrl_cost_weight = reader.number("ctrl_cost_weight", 0.5),
              .contact_cost_weight = reader.number("contact_cost_weight", 5e-4),
              .healthy_reward = reader.number("healthy_reward", 1.0),
              .main_body = reader.body("main_body", 1),
              .terminate_when_unhealthy = reader.flag("terminate_when_unhealthy", true),
              .healthy_z_range = reader.range("healthy_z_range", {0.2, 1.0}),
              .contact_force_range = reader.range("contact_force_range", {-1.0, 1.0}),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.1),
              .exclude_positions = read_exclude_positions(reader),
              .include_contact_forces = reader.flag("include_cfrc_ext_in_observation", true)};
    }
  };

  Ant(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kXY, options.exclude_positions,
                 {.observation_size = options.include_contact_forces ? 6 * (simulation->model()->nbody - 1) : 0,
                  .frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}, {.name = "y_position"}, {.name = "distance_from_origin"}},
                  .step_fields = {{.name = "x_position"},
                                  {.name = "y_position"},
                                  {.name = "distance_from_origin"},
                                  {.name = "x_velocity"},
                                  {.name = "y_velocity"},
                                  {.name = "reward_forward"},
                                  {.name = "reward_ctrl"},
                                  {.name = "reward_contact"},
                                  {.name = "reward_survive"}}}),
        options_(options),
        main_body_(main_body()),
        reads_contact_forces_(options.include_contact_forces || options.contact_cost_weight != 0) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kNormal);
  }

  Step step(const float* action) override {
    const double* position = data_->xpos + 3 * main_body_;
    const double x = position[0];
    const double y = position[1];
    simulate(action);
    if (reads_contact_forces_) mj_rnePostConstraint(model_, data_);
    const double x_velocity = (position[0] - x) / dt_;
    const double y_velocity = (position[1] - y) / dt_;
    const double forward = x_velocity * options_.forward_reward_weight;
    const bool healthy = is_healthy();
    const double survive = (healthy ? 1 : 0) * options_.healthy_reward;
    const float control = control_cost(options_.ctrl_cost_weight, action, model_->nu);
    const double contact = contact_cost();
    put(info(), {data_->qpos[0], data_->qpos[1], norm(data_->qpos, 2), x_velocity, y_velocity, forward, -control,
                 -contact, survive});
    return {forward + survive - (control + contact), !healthy && options_.terminate_when_unhealthy};
  }

  void observe(double* out) const override {
    out = put_velocities(put_positions(out));
    if (!options_.include_contact_forces) return;
    // From 6: the world's own forces are left out.
    put_clipped(out, data_->cfrc_ext + 6, 6 * (model_->nbody - 1), options_.contact_force_range);
  }

  void reset_info(double* out) const override { put(out, {data_->qpos[0], data_->qpos[1], norm(data_->qpos, 2)}); }

 private:
  int main_body() const {
    if (const auto* name = std::get_if<std::string>(&options_.main_body)) {
      const int id = mj_name2id(model_, mjOBJ_BODY, name->c_str());
      require(id >= 0, "Ant-v5: main_body names no body of the model: '" + *name + "'");
      return id;
    }
    const std::int64_t id = std::get<std::int64_t>(options_.main_body);
    require(id >= 0 && id < model_->nbody,
            "Ant-v5: main_body must be from 0 to " + std::to_string(model_->nbody - 1) + ", got " + std::to_string(id));
    return static_cast<int>(id);
  }

  double contact_cost() const {
    const Range range = options_.contact_force_range;
    const double* force = data_->cfrc_ext;
    return options_.contact_cost_weight * numpy_sum<double>(0, 6 * model_->nbody, [=](mjtSize i) {
             const double kept = clipped(force[i], range);
             return kept * kept;
           });
  }

  bool is_healthy() const {
    const auto is_finite = [](double value) { return std::isfinite(value); };
    const double z = data_->qpos[2];
    return options_.healthy_z_range.low <= z && z <= options_.healthy_z_range.high &&
           std::all_of(data_->qpos, data_->qpos + model_->nq, is_finite) &&
           std::all_of(data_->qvel, data_->qvel + model_->nv, is_finite);
  }

  Options options_;
  int main_body_;
  bool reads_contact_forces_;  // else mj_rnePostConstraint is not worth calling
};

}  // namespace

TaskEntry ant() { return entry<Ant>("Ant-v5", "ant.xml", 1000, 6000.0); }

}  // namespace bierl::mujoco::tasks
