#include <bierl/box2d/task_table.hpp>

#include <algorithm>

#include <bierl/box2d/tasks/entries.hpp>

namespace bierl::box2d {

const std::vector<TaskEntry>& task_table() {
  static const std::vector<TaskEntry> table = {
      tasks::bipedal_walker(),
      tasks::bipedal_walker_hardcore(),
      tasks::lunar_lander(),
      tasks::lunar_lander_continuous(),
  };
  return table;
}

const TaskEntry* look_up(const std::string& id) {
  const auto& table = task_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const TaskEntry& entry) { return entry.id == id; });
  return found == table.end() ? nullptr : &*found;
}

void check_options(const TaskEntry& entry, const TaskOptions& options) {
  OptionReader reader(entry.id, options);
  read_wrappers(reader);
  entry.check(reader);
}

TaskFactory task_factory(const TaskEntry& entry, const TaskOptions& options, const std::string& library,
                         std::optional<int> max_episode_steps) {
  OptionReader reader(entry.id, options);
  return wrapped({.name = entry.id,
                  .max_episode_steps = max_episode_steps.value_or(entry.max_episode_steps),
                  .make =
                      [&entry, options, &engine = Engine::open(library)] {
                        OptionReader again(entry.id, options);
                        read_wrappers(again);
                        return entry.make(again, engine);
                      }},
                 read_wrappers(reader));
}

}  // namespace bierl::box2d
