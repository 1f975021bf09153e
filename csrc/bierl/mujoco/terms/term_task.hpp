/// A task of one's own: a model and lists of terms for observation, reward, termination and reset, all of it data.
///
///     options -> read -> Description -> TermTask: names looked up once, then flat loops that allocate nothing
///
/// What Gymnasium's tasks do step by step is done in their order, so that one of them written as terms answers with
/// the same bits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <bierl/episode/options.hpp>
#include <bierl/mujoco/mujoco_task.hpp>

namespace bierl::mujoco::terms {

/// The id under which every task of one's own goes; what it is, its options say.
inline constexpr const char* kId = "bierl/MujocoTask-v0";

/// What a task is, checked as far as that goes without its model.
struct Description {
  std::string name;        ///< what errors call it
  std::string model;       ///< an MJCF file, or an MJB file (its name ends in .mjb)
  std::string model_hash;  ///< what model_hash (handles.hpp) must say of it; "": whatever it does
  int frame_skip;
  int episode_steps;     ///< the time limit, in control steps
  std::string keyframe;  ///< from which episodes start; "": the model's own start
  std::string root;      ///< body whose x, y describe where an episode ended; "": that of the first joint
  std::vector<TaskOptions> observation;
  std::vector<TaskOptions> reward;
  std::vector<TaskOptions> termination;
  std::vector<TaskOptions> reset;
  std::vector<TaskOptions> wrappers;

  /// Throws ArgumentError, with the nearest name, for what cannot be.
  static Description read(const TaskOptions& options);
  /// The names of the options that `read` takes.
  static std::vector<std::string> keywords();
};

/// The task without its wrappers. Throws ArgumentError where a term speaks of what the model does not have.
std::unique_ptr<Task> make_term_task(const std::shared_ptr<Simulation>& simulation, const Description& description);

/// For EnvCore and Rollout: reads and loads the model, which all tasks of the factory share. `max_episode_steps`: the
/// time limit within the wrappers; none: the description's. Throws as
/// Description::read, and SimulationError where the model does not load or is not what it was.
TaskFactory term_task_factory(const TaskOptions& options, std::optional<int> max_episode_steps = {});

}  // namespace bierl::mujoco::terms
