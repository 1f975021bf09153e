/// One line of the task table per task, each defined in the task's own file.
#pragma once

#include <memory>
#include <optional>

#include <bierl/episode/wrappers.hpp>
#include <bierl/mujoco/task_table.hpp>

namespace bierl::mujoco::tasks {

TaskEntry ant();
TaskEntry deceptive_point();
TaskEntry half_cheetah();
TaskEntry hopper();
TaskEntry humanoid();
TaskEntry humanoid_standup();
TaskEntry inverted_double_pendulum();
TaskEntry inverted_pendulum();
TaskEntry pusher();
TaskEntry reacher();
TaskEntry swimmer();
TaskEntry walker2d();

/// The entry of class T, which has Options::read(OptionReader&) and T(simulation, options). The supported
/// keywords are the ones that `read` asks for, so the list cannot disagree with the code, and `wrappers`.
template <class T>
TaskEntry entry(const char* id, const char* model_file, int max_episode_steps, std::optional<double> threshold) {
  const TaskOptions none;
  OptionReader reader(id, none);
  T::Options::read(reader);
  read_wrappers(reader);
  return {
      .id = id,
      .model_file = model_file,
      .max_episode_steps = max_episode_steps,
      .reward_threshold = threshold,
      .keywords = reader.names(),
      .make = [](OptionReader& options, const std::shared_ptr<Simulation>& simulation) -> std::unique_ptr<Task> {
        const auto read = T::Options::read(options);
        options.finish();
        return std::make_unique<T>(simulation, read);
      },
      .check =
          [](OptionReader& options) {
            T::Options::read(options);
            options.finish();
          },
      .model_xml = {},
  };
}

}  // namespace bierl::mujoco::tasks
