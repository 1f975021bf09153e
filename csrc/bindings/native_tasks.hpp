/// The native tasks of every engine in one table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <bierl/episode/options.hpp>
#include <bierl/episode/task.hpp>

namespace bierl::bindings {

struct NativeTask {
  std::string id;
  std::string engine;      ///< "mujoco" or "box2d"
  std::string model_file;  ///< in Gymnasium's assets directory; "": none
  int max_episode_steps;
  std::optional<double> reward_threshold;
  std::vector<std::string> keywords;
};

std::vector<NativeTask> native_tasks();
bool is_native_task(const std::string& id);

/// ArgumentError, with the nearest name, unless `id` and its options are right. Needs neither model nor engine.
void check_native_task(const std::string& id, const TaskOptions& options);

/// For EnvCore and Rollout. `files`: Gymnasium's assets directory for MuJoCo's tasks, Box2D's compiled module for
/// Box2D's.
TaskFactory native_task_factory(const std::string& id, const TaskOptions& options, const std::string& files,
                                std::optional<int> max_episode_steps = {});

}  // namespace bierl::bindings
