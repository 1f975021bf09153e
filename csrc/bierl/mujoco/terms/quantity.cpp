#include <bierl/mujoco/terms/quantity.hpp>

#include <algorithm>

#include <bierl/core/names.hpp>
#include <bierl/mujoco/terms/code.hpp>

namespace bierl::mujoco::terms {

const std::vector<QuantityEntry>& quantities() {
  static const std::vector<QuantityEntry> table = [] {
    std::vector<QuantityEntry> all;
    for (const auto& some : {joint_quantities(), body_quantities(), place_quantities(), control_quantities()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return table;
}

const QuantityEntry& find_quantity(const std::string& who, const std::string& name,
                                   const std::vector<std::string>& more) {
  if (is_code(name)) return code_quantity(who, name);
  const auto& table = quantities();
  const auto found =
      std::find_if(table.begin(), table.end(), [&name](const QuantityEntry& entry) { return entry.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string> known;
  known.reserve(table.size() + more.size());
  for (const QuantityEntry& entry : table) known.push_back(entry.name);
  known.insert(known.end(), more.begin(), more.end());
  throw unknown_name("term of " + who, name, known);
}

}  // namespace bierl::mujoco::terms
