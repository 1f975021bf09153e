// InvertedPendulum-v5: keep a pole upright on a cart. Semantics:
// gymnasium/envs/mujoco/inverted_pendulum_v5.py.
#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/tasks/entries.hpp>

namespace bierl::mujoco::tasks {
namespace {

class InvertedPendulum final : public MujocoTask {
 public:
  struct Options {
    int frame_skip;
    double reset_noise_scale;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 2),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.01)};
    }
  };

  InvertedPendulum(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : MujocoTask(simulation, {.observation_size = simulation->model()->nq + simulation->model()->nv,
                                .frame_skip = options.frame_skip,
                                .reset_fields = {},
                                .step_fields = {{.name = "reward_survive"}}}),
        options_(options) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  Step step(const float* action) override {
    simulate(action);
    const bool terminated = !finite() || std::abs(data_->qpos[1]) > 0.2;
    const double reward = terminated ? 0.0 : 1.0;
    put(info(), {reward});
    return {reward, terminated};
  }

  void observe(double* out) const override {
    out = put(out, data_->qpos, model_->nq);
    put(out, data_->qvel, model_->nv);
  }

 private:
  bool finite() const {
    const auto is_finite = [](double value) { return std::isfinite(value); };
    return std::all_of(data_->qpos, data_->qpos + model_->nq, is_finite) &&
           std::all_of(data_->qvel, data_->qvel + model_->nv, is_finite);
  }

  Options options_;
};

}  // namespace

TaskEntry inverted_pendulum() {
  return entry<InvertedPendulum>("InvertedPendulum-v5", "inverted_pendulum.xml", 1000, 950.0);
}

}  // namespace bierl::mujoco::tasks
