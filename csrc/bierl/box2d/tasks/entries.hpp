/// One line of the task table per task, each defined in the task's own file.
#pragma once

#include <memory>

#include <bierl/box2d/task_table.hpp>
#include <bierl/episode/wrappers.hpp>

namespace bierl::box2d::tasks {

TaskEntry bipedal_walker();
TaskEntry bipedal_walker_hardcore();
TaskEntry lunar_lander();
TaskEntry lunar_lander_continuous();

/// The entry of class T, which has T(engine, options), with options as `read` reads them: a function of the id's own
/// defaults. The supported keywords are the ones that `read` asks for, and `wrappers`.
template <class T, auto read>
TaskEntry entry(const char* id, int max_episode_steps, double threshold) {
  const TaskOptions none;
  OptionReader reader(id, none);
  read(reader);
  read_wrappers(reader);
  return {
      .id = id,
      .max_episode_steps = max_episode_steps,
      .reward_threshold = threshold,
      .keywords = reader.names(),
      .make = [](OptionReader& options, const Engine& engine) -> std::unique_ptr<Task> {
        const auto found = read(options);
        options.finish();
        return std::make_unique<T>(engine, found);
      },
      .check =
          [](OptionReader& options) {
            read(options);
            options.finish();
          },
  };
}

}  // namespace bierl::box2d::tasks
