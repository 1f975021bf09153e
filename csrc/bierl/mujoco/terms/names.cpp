#include <bierl/mujoco/terms/names.hpp>

#include <algorithm>

#include <bierl/core/names.hpp>

namespace bierl::mujoco::terms {
namespace {

int count(const mjModel* model, mjtObj kind) {
  switch (kind) {
    case mjOBJ_BODY:
      return static_cast<int>(model->nbody);
    case mjOBJ_JOINT:
      return static_cast<int>(model->njnt);
    case mjOBJ_SITE:
      return static_cast<int>(model->nsite);
    case mjOBJ_SENSOR:
      return static_cast<int>(model->nsensor);
    case mjOBJ_KEY:
      return static_cast<int>(model->nkey);
    default:
      return static_cast<int>(model->nu);
  }
}

}  // namespace

int find_named(const mjModel* model, mjtObj kind, const std::string& name, const std::string& who) {
  // MuJoCo would read a name up to its first null character.
  const int id = name.find('\0') == std::string::npos ? mj_name2id(model, kind, name.c_str()) : -1;
  if (id >= 0) return id;
  std::vector<std::string> names;
  for (int i = 0; i < count(model, kind); ++i) {
    const char* other = mj_id2name(model, kind, i);
    if (other != nullptr && *other != '\0') names.emplace_back(other);
  }
  const std::string what = kind == mjOBJ_KEY ? "keyframe" : mju_type2Str(kind);
  throw unknown_name(what + " for " + who, name, names);
}

std::vector<int> find_named(const mjModel* model, mjtObj kind, const std::vector<std::string>& names,
                            const std::string& who) {
  std::vector<int> ids;
  ids.reserve(names.size());
  for (const std::string& name : names) ids.push_back(find_named(model, kind, name, who));
  return ids;
}

}  // namespace bierl::mujoco::terms
