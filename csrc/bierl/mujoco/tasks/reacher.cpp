// Reacher-v5: bring a two-joint arm's fingertip to a target. Semantics: gymnasium/envs/mujoco/reacher_v5.py.
#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/tasks/entries.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Reacher final : public MujocoTask {
 public:
  struct Options {
    int frame_skip;
    double reward_dist_weight;
    double reward_control_weight;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 2),
              .reward_dist_weight = reader.number("reward_dist_weight", 1.0),
              .reward_control_weight = reader.number("reward_control_weight", 1.0)};
    }
  };

  Reacher(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : MujocoTask(simulation, {.observation_size = 10,
                                .frame_skip = options.frame_skip,
                                .reset_fields = {},
                                .step_fields = {{.name = "reward_dist"}, {.name = "reward_ctrl"}}}),
        options_(options),
        fingertip_(body("fingertip")),
        target_(body("target")) {}

  void reset(NumpyRandom& random) override {
    clear();
    double* position = data_->qpos;
    for (int i = 0; i < model_->nq; ++i) position[i] += random.uniform(-0.1, 0.1);
    double* goal = position + model_->nq - 2;
    do {
      goal[0] = random.uniform(-0.2, 0.2);
      goal[1] = random.uniform(-0.2, 0.2);
    } while (!(norm(goal, 2) < 0.2));
    for (int i = 0; i < model_->nv; ++i) data_->qvel[i] += random.uniform(-0.005, 0.005);
    put(data_->qvel + model_->nv - 2, {0, 0});
    mj_forward(model_, data_);
  }

  Step step(const float* action) override {
    simulate(action);
    double to_target[3];
    mju_sub3(to_target, data_->xpos + 3 * fingertip_, data_->xpos + 3 * target_);
    const double distance = -norm(to_target, 3) * options_.reward_dist_weight;
    const float control = -control_cost(options_.reward_control_weight, action, model_->nu);
    put(info(), {distance, control});
    return {distance + control, false};
  }

  void observe(double* out) const override {
    const double* position = data_->qpos;
    const double* tip = data_->xpos + 3 * fingertip_;
    const double* target = data_->xpos + 3 * target_;
    put(out, {std::cos(position[0]), std::cos(position[1]), std::sin(position[0]), std::sin(position[1]), position[2],
              position[3], data_->qvel[0], data_->qvel[1], tip[0] - target[0], tip[1] - target[1]});
  }

 private:
  Options options_;
  int fingertip_;
  int target_;
};

}  // namespace

TaskEntry reacher() { return entry<Reacher>("Reacher-v5", "reacher.xml", 50, -3.75); }

}  // namespace bierl::mujoco::tasks
