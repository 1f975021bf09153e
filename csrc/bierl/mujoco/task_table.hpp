/// The native tasks by Gymnasium id.
///
/// Any number of threads may call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <bierl/episode/options.hpp>
#include <bierl/episode/task.hpp>
#include <bierl/mujoco/handles.hpp>

namespace bierl::mujoco {

/// What the table knows of one task; the numbers are Gymnasium's registry's.
struct TaskEntry {
  std::string id;
  std::string model_file;  ///< in Gymnasium's assets directory, unless `model_xml` holds it
  int max_episode_steps;
  std::optional<double> reward_threshold;
  std::vector<std::string> keywords;  ///< the options the task takes
  std::unique_ptr<Task> (*make)(OptionReader& reader, const std::shared_ptr<Simulation>& simulation);
  void (*check)(OptionReader& reader);
  std::string model_xml;  ///< the model itself, of a task that is not Gymnasium's; else empty
};

const std::vector<TaskEntry>& task_table();
/// Whether the table has this id, or it is that of tasks of one's own (terms/term_task.hpp), which are not in the
/// table.
bool is_native(const std::string& id);

/// Throws ArgumentError with the nearest id when `id` is no native task.
const TaskEntry& find_task(const std::string& id);

/// Throws ArgumentError when `id` or an option is not right. Needs no model (but a body by name is only
/// looked for by make_task).
void check_options(const std::string& id, const TaskOptions& options);

/// Loads the task's own model, else its model file from Gymnasium's assets directory.
Model load_task_model(const std::string& id, const std::string& assets);

/// Builds the task, without its wrappers, over a simulation of its model. Throws as find_task and check_options.
std::unique_ptr<Task> make_task(const std::string& id, const TaskOptions& options,
                                const std::shared_ptr<Simulation>& simulation);

/// For EnvCore and Rollout: loads the model, which all tasks of the factory share. `max_episode_steps`: the time limit
/// within the wrappers; none: the task's own. Throws as find_task, load_model and read_wrappers; other wrong options
/// show when a task is made.
TaskFactory task_factory(const std::string& id, const TaskOptions& options, const std::string& assets,
                         std::optional<int> max_episode_steps = {});

}  // namespace bierl::mujoco
