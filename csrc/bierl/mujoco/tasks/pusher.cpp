// Pusher-v5: push a cylinder to a goal with a seven-joint arm. Semantics: gymnasium/envs/mujoco/pusher_v5.py.
#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/tasks/entries.hpp>

namespace bierl::mujoco::tasks {
namespace {

class Pusher final : public MujocoTask {
 public:
  struct Options {
    int frame_skip;
    double reward_near_weight;
    double reward_dist_weight;
    double reward_control_weight;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 5),
              .reward_near_weight = reader.number("reward_near_weight", 0.5),
              .reward_dist_weight = reader.number("reward_dist_weight", 1.0),
              .reward_control_weight = reader.number("reward_control_weight", 0.1)};
    }
  };

  Pusher(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : MujocoTask(simulation,
                   {.observation_size = 23,
                    .frame_skip = options.frame_skip,
                    .reset_fields = {},
                    .step_fields = {{.name = "reward_dist"}, {.name = "reward_ctrl"}, {.name = "reward_near"}}}),
        options_(options),
        tip_(body("tips_arm")),
        object_(body("object")),
        goal_(body("goal")) {}

  void reset(NumpyRandom& random) override {
    clear();
    double* cylinder = data_->qpos + model_->nq - 4;
    do {
      cylinder[0] = random.uniform(-0.3, 0.0);
      cylinder[1] = random.uniform(-0.2, 0.2);
    } while (!(norm(cylinder, 2) > 0.17));  // its distance from the goal, which is at 0, 0
    put(cylinder + 2, {0, 0});
    for (int i = 0; i < model_->nv; ++i) data_->qvel[i] += random.uniform(-0.005, 0.005);
    put(data_->qvel + model_->nv - 4, {0, 0, 0, 0});
    mj_forward(model_, data_);
  }

  Step step(const float* action) override {
    simulate(action);
    const double near = -gap(object_, tip_) * options_.reward_near_weight;
    const double distance = -gap(object_, goal_) * options_.reward_dist_weight;
    const float control = -control_cost(options_.reward_control_weight, action, model_->nu);
    put(info(), {distance, control, near});
    return {distance + control + near, false};
  }

  void observe(double* out) const override {
    out = put(out, data_->qpos, 7);
    out = put(out, data_->qvel, 7);
    for (const int id : {tip_, object_, goal_}) out = put(out, data_->xpos + 3 * id, 3);
  }

 private:
  double gap(int from, int to) const {
    double vector[3];
    mju_sub3(vector, data_->xpos + 3 * from, data_->xpos + 3 * to);
    return norm(vector, 3);
  }

  Options options_;
  int tip_;
  int object_;
  int goal_;
};

}  // namespace

TaskEntry pusher() { return entry<Pusher>("Pusher-v5", "pusher_v5.xml", 100, 0.0); }

}  // namespace bierl::mujoco::tasks
