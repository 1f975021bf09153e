#include "native_tasks.hpp"

#include <bierl/box2d/task_table.hpp>
#include <bierl/core/names.hpp>
#include <bierl/mujoco/task_table.hpp>

namespace bierl::bindings {
namespace {

// Box2D's entry, or null for MuJoCo's; ArgumentError for neither.
const box2d::TaskEntry* find(const std::string& id) {
  const box2d::TaskEntry* const entry = box2d::look_up(id);
  if (entry != nullptr || mujoco::is_native(id)) return entry;
  std::vector<std::string> known;
  for (const NativeTask& task : native_tasks()) known.push_back(task.id);
  throw unknown_name("native task", id, known);
}

}  // namespace

std::vector<NativeTask> native_tasks() {
  std::vector<NativeTask> tasks;
  for (const mujoco::TaskEntry& entry : mujoco::task_table())
    tasks.push_back(
        {entry.id, "mujoco", entry.model_file, entry.max_episode_steps, entry.reward_threshold, entry.keywords});
  for (const box2d::TaskEntry& entry : box2d::task_table())
    tasks.push_back({entry.id, "box2d", "", entry.max_episode_steps, entry.reward_threshold, entry.keywords});
  return tasks;
}

bool is_native_task(const std::string& id) { return box2d::look_up(id) != nullptr || mujoco::is_native(id); }

void check_native_task(const std::string& id, const TaskOptions& options) {
  if (const box2d::TaskEntry* const entry = find(id)) {
    box2d::check_options(*entry, options);
  } else {
    mujoco::check_options(id, options);
  }
}

TaskFactory native_task_factory(const std::string& id, const TaskOptions& options, const std::string& files,
                                std::optional<int> max_episode_steps) {
  if (const box2d::TaskEntry* const entry = find(id)) {
    return box2d::task_factory(*entry, options, files, max_episode_steps);
  }
  return mujoco::task_factory(id, options, files, max_episode_steps);
}

}  // namespace bierl::bindings
