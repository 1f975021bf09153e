#include <bierl/core/error.hpp>
#include <bierl/episode/wrappers.hpp>
#include <bierl/mujoco/terms/reading.hpp>
#include <bierl/mujoco/terms/resets.hpp>
#include <bierl/mujoco/terms/rewards.hpp>
#include <bierl/mujoco/terms/term_task.hpp>
#include <bierl/mujoco/terms/terminations.hpp>
#include <bierl/mujoco/terms/who.hpp>

namespace bierl::mujoco::terms {
namespace {

constexpr const char* kUnnamed = "a task of one's own";

Description read_with(OptionReader& reader) {
  reader.require_given("model", "the path of an MJCF or MJB file");
  reader.require_given("episode_steps",
                       "the time limit in control steps, an integer of at least 1: without one an episode might never "
                       "end");
  return {.name = reader.text("name", kUnnamed),
          .model = reader.text("model", ""),
          .model_hash = reader.text("model_hash", ""),
          .frame_skip = reader.count("frame_skip", 1),
          .episode_steps = reader.count("episode_steps", 1),
          .keyframe = reader.text("keyframe", ""),
          .root = reader.text("root", ""),
          .observation = reader.tables("observation"),
          .reward = reader.tables("reward"),
          .termination = reader.tables("termination"),
          .reset = reader.tables("reset"),
          .wrappers = read_wrappers(reader)};
}

std::string name_in(const TaskOptions& options) {
  OptionReader reader(kUnnamed, options);
  return reader.text("name", kUnnamed);
}

void check_observation(const std::string& who, const TaskOptions& options) {
  OptionReader reader(who, options);
  ReadingOptions::read(reader);
  find_quantity(who, term_of(reader)).check(reader);
  reader.finish();
}

template <class Check>
void check_each(const Description& task, const char* what, const std::vector<TaskOptions>& terms, Check check) {
  for (std::size_t i = 0; i < terms.size(); ++i) check(who(task.name, what, i, terms[i]), terms[i]);
}

}  // namespace

Description Description::read(const TaskOptions& options) {
  OptionReader reader(name_in(options), options);
  Description task = read_with(reader);
  reader.finish();
  require(!task.observation.empty(), task.name + ": observation must have at least one term");
  check_each(task, "observation", task.observation, check_observation);
  check_each(task, "reward", task.reward, check_reward);
  check_each(task, "termination", task.termination, Termination::check);
  check_each(task, "reset", task.reset, ResetTerm::check);
  return task;
}

std::vector<std::string> Description::keywords() {
  const TaskOptions none;
  OptionReader reader(kUnnamed, none, OptionReader::Mode::kListing);
  read_with(reader);
  return reader.names();
}

}  // namespace bierl::mujoco::terms
