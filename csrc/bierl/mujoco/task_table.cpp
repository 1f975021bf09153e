#include <bierl/mujoco/task_table.hpp>

#include <algorithm>

#include <bierl/core/names.hpp>
#include <bierl/episode/wrappers.hpp>
#include <bierl/mujoco/tasks/entries.hpp>
#include <bierl/mujoco/terms/term_task.hpp>

namespace bierl::mujoco {

const std::vector<TaskEntry>& task_table() {
  static const std::vector<TaskEntry> table = {
      tasks::ant(),
      tasks::deceptive_point(),
      tasks::half_cheetah(),
      tasks::hopper(),
      tasks::humanoid(),
      tasks::humanoid_standup(),
      tasks::inverted_double_pendulum(),
      tasks::inverted_pendulum(),
      tasks::pusher(),
      tasks::reacher(),
      tasks::swimmer(),
      tasks::walker2d(),
  };
  return table;
}

namespace {

const TaskEntry* look_up(const std::string& id) {
  const auto& table = task_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const TaskEntry& entry) { return entry.id == id; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

bool is_native(const std::string& id) { return id == terms::kId || look_up(id) != nullptr; }

const TaskEntry& find_task(const std::string& id) {
  if (const TaskEntry* entry = look_up(id)) return *entry;
  std::vector<std::string> known;
  for (const TaskEntry& entry : task_table()) known.push_back(entry.id);
  throw unknown_name("native task", id, known);
}

void check_options(const std::string& id, const TaskOptions& options) {
  if (id == terms::kId) {
    terms::Description::read(options);
    return;
  }
  OptionReader reader(id, options);
  read_wrappers(reader);
  find_task(id).check(reader);
}

Model load_task_model(const std::string& id, const std::string& assets) {
  const TaskEntry& entry = find_task(id);
  return entry.model_xml.empty() ? load_model(assets + "/" + entry.model_file)
                                 : parse_model(entry.model_file, entry.model_xml);
}

std::unique_ptr<Task> make_task(const std::string& id, const TaskOptions& options,
                                const std::shared_ptr<Simulation>& simulation) {
  OptionReader reader(id, options);
  read_wrappers(reader);
  return find_task(id).make(reader, simulation);
}

TaskFactory task_factory(const std::string& id, const TaskOptions& options, const std::string& assets,
                         std::optional<int> max_episode_steps) {
  if (id == terms::kId) return terms::term_task_factory(options, max_episode_steps);
  OptionReader reader(id, options);
  return wrapped({.name = id,
                  .max_episode_steps = max_episode_steps.value_or(find_task(id).max_episode_steps),
                  .make =
                      [id, options, model = load_task_model(id, assets)] {
                        return make_task(id, options, std::make_shared<Simulation>(model));
                      }},
                 read_wrappers(reader));
}

}  // namespace bierl::mujoco
