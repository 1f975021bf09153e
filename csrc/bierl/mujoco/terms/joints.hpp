/// Where the numbers of joints lie.
#pragma once

#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace bierl::mujoco::terms {

struct JointRange {
  int first;
  int count;
};

/// In qpos: of the joints of these names, in that order; of all where none is named. Throws as find_named.
std::vector<JointRange> position_ranges(const mjModel* model, const std::vector<std::string>& joints,
                                        const std::string& who);
/// The same in qvel.
std::vector<JointRange> velocity_ranges(const mjModel* model, const std::vector<std::string>& joints,
                                        const std::string& who);

}  // namespace bierl::mujoco::terms
