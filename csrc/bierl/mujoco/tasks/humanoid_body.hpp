/// What Humanoid and HumanoidStandup share: the options of the observation, and what follows positions and velocities.
#pragma once

#include <bierl/mujoco/tasks/root_task.hpp>

namespace bierl::mujoco::tasks {

struct HumanoidObservation {
  bool exclude_positions;
  bool inertia;
  bool velocity;
  bool actuator_forces;
  bool contact_forces;

  static HumanoidObservation read(OptionReader& reader) {
    return {.exclude_positions = read_exclude_positions(reader),
            .inertia = reader.flag("include_cinert_in_observation", true),
            .velocity = reader.flag("include_cvel_in_observation", true),
            .actuator_forces = reader.flag("include_qfrc_actuator_in_observation", true),
            .contact_forces = reader.flag("include_cfrc_ext_in_observation", true)};
  }

  mjtSize size(const mjModel* model) const {
    const mjtSize bodies = model->nbody - 1;  // without the world
    return (inertia ? 10 * bodies : 0) + (velocity ? 6 * bodies : 0) + (actuator_forces ? model->nv - 6 : 0) +
           (contact_forces ? 6 * bodies : 0);
  }

  void write(const mjModel* model, const mjData* data, double* out) const {
    const mjtSize bodies = model->nbody - 1;
    if (inertia) out = put(out, data->cinert + 10, 10 * bodies);
    if (velocity) out = put(out, data->cvel + 6, 6 * bodies);
    if (actuator_forces) out = put(out, data->qfrc_actuator + 6, model->nv - 6);  // the root has no actuator
    if (contact_forces) put(out, data->cfrc_ext + 6, 6 * bodies);
  }
};

}  // namespace bierl::mujoco::tasks
