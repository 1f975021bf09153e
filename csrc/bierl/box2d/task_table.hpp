/// The native Box2D tasks by Gymnasium id.
///
/// Any number of threads may call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <bierl/box2d/engine.hpp>
#include <bierl/episode/options.hpp>
#include <bierl/episode/task.hpp>

namespace bierl::box2d {

/// What the table knows of one task; the numbers are Gymnasium's registry's.
struct TaskEntry {
  std::string id;
  int max_episode_steps;
  std::optional<double> reward_threshold;
  std::vector<std::string> keywords;  ///< the options the task takes
  std::unique_ptr<Task> (*make)(OptionReader& reader, const Engine& engine);
  void (*check)(OptionReader& reader);
};

const std::vector<TaskEntry>& task_table();
/// Null when `id` is none of them.
const TaskEntry* look_up(const std::string& id);

/// Throws ArgumentError when an option is not right.
void check_options(const TaskEntry& entry, const TaskOptions& options);

/// For EnvCore and Rollout. `library`: the compiled module of the Python package (Engine::open, which this calls).
/// `max_episode_steps`: the time limit within the wrappers; none: the task's own. Wrong wrappers are an ArgumentError;
/// other wrong options show when a task is made.
TaskFactory task_factory(const TaskEntry& entry, const TaskOptions& options, const std::string& library,
                         std::optional<int> max_episode_steps = {});

}  // namespace bierl::box2d
