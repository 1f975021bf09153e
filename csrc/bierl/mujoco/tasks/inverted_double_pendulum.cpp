// InvertedDoublePendulum-v5: balance two poles, one on the other. Semantics:
// gymnasium/envs/mujoco/inverted_double_pendulum_v5.py.
#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/tasks/entries.hpp>

namespace bierl::mujoco::tasks {
namespace {

/// NumPy squares a float64 scalar with libm's pow, which is not x * x in about one of a thousand cases. The
/// exponent is volatile because compilers turn pow(x, 2.0) into x * x.
double scalar_square(double value) {
  const volatile double two = 2.0;
  return std::pow(value, two);
}

class InvertedDoublePendulum final : public MujocoTask {
 public:
  struct Options {
    int frame_skip;
    double healthy_reward;
    double reset_noise_scale;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 5),
              .healthy_reward = reader.number("healthy_reward", 10.0),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.1)};
    }
  };

  InvertedDoublePendulum(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : MujocoTask(
            simulation,
            {.observation_size = 9,
             .frame_skip = options.frame_skip,
             .reset_fields = {},
             .step_fields = {{.name = "reward_survive"}, {.name = "distance_penalty"}, {.name = "velocity_penalty"}}}),
        options_(options) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kNormal);
  }

  Step step(const float* action) override {
    simulate(action);
    const double* tip = data_->site_xpos;
    const double* velocity = data_->qvel;
    const bool terminated = tip[2] <= 1;
    const double distance = 0.01 * scalar_square(tip[0]) + scalar_square(tip[2] - 2);
    const double speed = 1e-3 * scalar_square(velocity[1]) + 5e-3 * scalar_square(velocity[2]);
    const double alive = options_.healthy_reward * (terminated ? 0 : 1);
    put(info(), {alive, -distance, -speed});
    return {alive - distance - speed, terminated};
  }

  void observe(double* out) const override {
    const double* position = data_->qpos;
    out = put(
        out, {position[0], std::sin(position[1]), std::sin(position[2]), std::cos(position[1]), std::cos(position[2])});
    out = put_clipped(out, data_->qvel, 3, {-10, 10});
    put_clipped(out, data_->qfrc_constraint, 1, {-10, 10});
  }

 private:
  Options options_;
};

}  // namespace

TaskEntry inverted_double_pendulum() {
  return entry<InvertedDoublePendulum>("InvertedDoublePendulum-v5", "inverted_double_pendulum.xml", 1000, 9100.0);
}

}  // namespace bierl::mujoco::tasks
