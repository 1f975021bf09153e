/// What the tasks whose body moves freely share: a root at the first positions, left out of the observation by default.
#pragma once

#include <utility>

#include <bierl/mujoco/mujoco_task.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>

namespace bierl::mujoco::tasks {

/// The coordinates in which the root moves: qpos[0] alone, or qpos[0] and qpos[1].
enum class Root { kX = 1, kXY = 2 };

/// exclude_current_positions_from_observation, which all of these tasks have.
inline bool read_exclude_positions(OptionReader& reader) {
  return reader.flag("exclude_current_positions_from_observation", true);
}

class RootTask : public MujocoTask {
 public:
  bool root_position(double xy[2]) const final {
    put(xy, {data_->qpos[0], root_ == Root::kXY ? data_->qpos[1] : 0.0});
    return true;
  }

 protected:
  /// `layout.observation_size` counts what follows positions and velocities.
  RootTask(const std::shared_ptr<Simulation>& simulation, Root root, bool exclude_positions, Layout layout)
      : MujocoTask(simulation, with_state(std::move(layout), simulation->model(), skipped(root, exclude_positions))),
        root_(root),
        skip_(skipped(root, exclude_positions)) {}

  double* put_positions(double* out) const { return put(out, data_->qpos + skip_, model_->nq - skip_); }
  double* put_velocities(double* out) const { return put(out, data_->qvel, model_->nv); }

 private:
  static int skipped(Root root, bool exclude_positions) { return exclude_positions ? static_cast<int>(root) : 0; }
  static Layout with_state(Layout layout, const mjModel* model, int skip) {
    layout.observation_size += model->nq + model->nv - skip;
    return layout;
  }

  Root root_;
  int skip_;  // positions that the observation leaves out
};

}  // namespace bierl::mujoco::tasks
