/// Parts of a model by name, with the nearest one where there is none of that name.
#pragma once

#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace bierl::mujoco::terms {

/// The number of the body, joint, site, sensor or actuator of that name. `who` is what errors call the term.
/// Throws ArgumentError, with the nearest name or the names there are.
int find_named(const mjModel* model, mjtObj kind, const std::string& name, const std::string& who);
std::vector<int> find_named(const mjModel* model, mjtObj kind, const std::vector<std::string>& names,
                            const std::string& who);

}  // namespace bierl::mujoco::terms
