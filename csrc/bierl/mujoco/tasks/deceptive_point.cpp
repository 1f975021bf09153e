// bierl/DeceptivePoint-v0: a point mass that starts in a U-shaped wall, the goal right behind it.
//
// The reward is minus the distance to the goal, so climbing it leads to the bottom of the U and stays there: the way to
// the goal first leads away from it, around an arm. The distance is read to the decimetre, so the bottom is a plateau
// on which nothing improves. After the deceptive task of Conti et al. 2018, arXiv 1712.06560, section 3.1.
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {
namespace {

// Metres, seconds, newtons. At full thrust the point moves at 2 m/s. Contacts are without friction, so that it slides
// along a wall. The goal is a place, not a body; it begins behind the wall and takes in the way around it.
constexpr const char* kModel = R"(
<mujoco model="deceptive point">
  <option timestep="0.025" integrator="implicitfast" gravity="0 0 0"/>
  <default>
    <geom type="box" condim="1" rgba="0.5 0.5 0.5 1"/>
    <joint type="slide" damping="2"/>
    <motor gear="10" ctrllimited="true" ctrlrange="-0.4 0.4"/>
  </default>
  <worldbody>
    <light pos="0.5 0 5"/>
    <geom name="bottom" pos="0.15 0 0.1" size="0.05 0.5 0.1"/>
    <geom name="left_arm" pos="-0.125 0.45 0.1" size="0.275 0.05 0.1"/>
    <geom name="right_arm" pos="-0.125 -0.45 0.1" size="0.275 0.05 0.1"/>
    <geom name="west" pos="-0.85 0 0.1" size="0.2 1.15 0.1"/>
    <geom name="east" pos="1.8 0 0.1" size="0.2 1.15 0.1"/>
    <geom name="north" pos="0.475 0.95 0.1" size="1.225 0.2 0.1"/>
    <geom name="south" pos="0.475 -0.95 0.1" size="1.225 0.2 0.1"/>
    <site name="goal" pos="1.2 0 0.1" size="0.9" rgba="0.1 0.8 0.1 0.3"/>
    <body name="point" pos="0 0 0.1">
      <joint name="x" axis="1 0 0"/>
      <joint name="y" axis="0 1 0"/>
      <geom name="point" type="sphere" size="0.1" mass="1" rgba="0.9 0.2 0.2 1"/>
    </body>
  </worldbody>
  <actuator>
    <motor joint="x"/>
    <motor joint="y"/>
  </actuator>
</mujoco>
)";

class DeceptivePoint final : public RootTask {
 public:
  struct Options {
    int frame_skip;
    double reward_scale;
    double reset_noise_scale;
    static Options read(OptionReader& reader) {
      return {.frame_skip = reader.count("frame_skip", 2),
              .reward_scale = reader.number("reward_scale", 0.3),
              .reset_noise_scale = reader.noise_scale("reset_noise_scale", 0.01)};
    }
  };

  DeceptivePoint(const std::shared_ptr<Simulation>& simulation, const Options& options)
      : RootTask(simulation, Root::kXY, false,
                 {.frame_skip = options.frame_skip,
                  .reset_fields = {{.name = "x_position"}, {.name = "y_position"}, {.name = "distance_to_goal"}},
                  .step_fields = {{.name = "x_position"}, {.name = "y_position"}, {.name = "distance_to_goal"}}}),
        options_(options),
        goal_(mj_name2id(model_, mjOBJ_SITE, "goal")) {}

  void reset(NumpyRandom& random) override {
    reset_with_noise(random, options_.reset_noise_scale, VelocityNoise::kUniform);
  }

  /// Minus the scaled distance after the step, to the decimetre; the episode ends at the goal.
  Step step(const float* action) override {
    simulate(action);
    describe(info());
    const double distance = distance_to_goal();
    return {-options_.reward_scale * std::round(10.0 * distance) / 10.0, distance < model_->site_size[3 * goal_]};
  }

  void observe(double* out) const override { put_velocities(put_positions(out)); }

  void reset_info(double* out) const override { describe(out); }

 private:
  double distance_to_goal() const {
    const double* goal = model_->site_pos + 3 * goal_;
    const double away[2] = {goal[0] - data_->qpos[0], goal[1] - data_->qpos[1]};
    return norm(away, 2);
  }
  void describe(double* out) const { put(out, {data_->qpos[0], data_->qpos[1], distance_to_goal()}); }

  Options options_;
  int goal_;
};

}  // namespace

TaskEntry deceptive_point() {
  TaskEntry made = entry<DeceptivePoint>("bierl/DeceptivePoint-v0", "deceptive_point.xml", 300, -50.0);
  made.model_xml = kModel;
  return made;
}

}  // namespace bierl::mujoco::tasks
