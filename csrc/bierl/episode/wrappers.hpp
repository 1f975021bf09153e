/// Wrappers: a task seen through others, by the names and with the arguments of Gymnasium's.
///
///     the option `wrappers` of any task, a list of tables -> read_wrappers -> wrapped(TaskFactory) -> TaskFactory
///
/// The first wrapper of the list is the innermost, as in `env = First(env); env = Second(env)`, and what it makes of an
/// episode has the same bits. Observations stay flat: a stack of frames is one frame after another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <bierl/episode/options.hpp>
#include <bierl/episode/task.hpp>

namespace bierl {

/// One line of the table of wrappers.
struct WrapperEntry {
  std::string name;
  std::string help;                  ///< for docs
  std::vector<std::string> options;  ///< names of the options it takes
  /// Reads the options alone, without a task.
  void (*check)(OptionReader& reader);
  std::unique_ptr<Task> (*wrap)(OptionReader& reader, std::unique_ptr<Task> inner, int max_episode_steps);
  /// The time limit in steps of the wrapped task, of a limit in steps of the inner one.
  int (*limit)(OptionReader& reader, int max_episode_steps);
};

const std::vector<WrapperEntry>& wrapper_entries();

/// The option `wrappers`, each table checked as far as that goes without a task. Throws ArgumentError, with the nearest
/// name, for what cannot be.
std::vector<TaskOptions> read_wrappers(OptionReader& reader);

/// Tasks within these wrappers. That a wrapper does not fit a task (one for boxes of actions, and they are discrete)
/// shows when one is made: ArgumentError.
TaskFactory wrapped(TaskFactory tasks, const std::vector<TaskOptions>& wrappers);

}  // namespace bierl
