#include <bierl/mujoco/terms/fields.hpp>

#include <cstring>
#include <limits>

namespace bierl::mujoco::terms {
namespace {

constexpr const char* kContactForces = "cfrc_ext";

/// A field of mjData, with as many rows as mjModel says.
template <auto kValues, auto kRows>
Field of_data(const char* name, int columns) {
  return {name, columns, [](const Moment& moment) -> const double* { return moment.data->*kValues; },
          [](const Moment& moment) { return static_cast<std::int64_t>(moment.model->*kRows); }};
}

Field one(const char* name, const double* (*values)(const Moment& moment)) {
  return {name, 1, values, [](const Moment&) { return std::int64_t{1}; }};
}

}  // namespace

const std::vector<Field>& fields() {
  static const std::vector<Field> table = {
      one("time", [](const Moment& moment) -> const double* { return &moment.data->time; }),
      one("dt", [](const Moment& moment) { return &moment.dt; }),
      of_data<&mjData::qpos, &mjModel::nq>("qpos", 1),
      of_data<&mjData::qvel, &mjModel::nv>("qvel", 1),
      of_data<&mjData::qacc, &mjModel::nv>("qacc", 1),
      of_data<&mjData::act, &mjModel::na>("act", 1),
      of_data<&mjData::ctrl, &mjModel::nu>("ctrl", 1),
      of_data<&mjData::actuator_force, &mjModel::nu>("actuator_force", 1),
      of_data<&mjData::qfrc_actuator, &mjModel::nv>("qfrc_actuator", 1),
      of_data<&mjData::qfrc_constraint, &mjModel::nv>("qfrc_constraint", 1),
      of_data<&mjData::sensordata, &mjModel::nsensordata>("sensordata", 1),
      of_data<&mjData::xpos, &mjModel::nbody>("xpos", 3),
      of_data<&mjData::xquat, &mjModel::nbody>("xquat", 4),
      of_data<&mjData::xmat, &mjModel::nbody>("xmat", 9),
      of_data<&mjData::xipos, &mjModel::nbody>("xipos", 3),
      of_data<&mjData::subtree_com, &mjModel::nbody>("subtree_com", 3),
      of_data<&mjData::cvel, &mjModel::nbody>("cvel", 6),
      of_data<&mjData::cinert, &mjModel::nbody>("cinert", 10),
      of_data<&mjData::cfrc_ext, &mjModel::nbody>(kContactForces, 6),
      of_data<&mjData::geom_xpos, &mjModel::ngeom>("geom_xpos", 3),
      of_data<&mjData::geom_xmat, &mjModel::ngeom>("geom_xmat", 9),
      of_data<&mjData::site_xpos, &mjModel::nsite>("site_xpos", 3),
      of_data<&mjData::site_xmat, &mjModel::nsite>("site_xmat", 9),
      of_data<&mjData::mocap_pos, &mjModel::nmocap>("mocap_pos", 3),
      of_data<&mjData::mocap_quat, &mjModel::nmocap>("mocap_quat", 4),
      {"body_mass", 1, [](const Moment& moment) -> const double* { return moment.model->body_mass; },
       [](const Moment& moment) { return static_cast<std::int64_t>(moment.model->nbody); }},
      {"command", 1, [](const Moment& moment) { return moment.command.data(); },
       [](const Moment& moment) { return static_cast<std::int64_t>(moment.command.size()); }},
  };
  return table;
}

Views::Views(const Moment& moment, bool contact_forces) {
  for (const Field& field : fields()) {
    values_.push_back(field.values(moment));
    rows_.push_back(field.rows(moment));
    if (contact_forces || std::strcmp(field.name, kContactForces) != 0) continue;
    not_worked_out_.assign(static_cast<std::size_t>(rows_.back() * field.columns),
                           std::numeric_limits<double>::quiet_NaN());
    values_.back() = not_worked_out_.data();
  }
}

}  // namespace bierl::mujoco::terms
