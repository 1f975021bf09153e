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
  entry.check(reader);
}

TaskFactory task_factory(const TaskEntry& entry, const TaskOptions& options, const std::string& library) {
  return {.name = entry.id,
          .max_episode_steps = entry.max_episode_steps,
          .make = [&entry, options, &engine = Engine::open(library)] {
            OptionReader reader(entry.id, options);
            return entry.make(reader, engine);
          }};
}

}  // namespace bierl::box2d
