/// What wrappers are made of: a task that passes everything on to the one within it.
///
/// A wrapper overrides what it changes. Its reset, step and observe run as a task's do: no object with a destructor may
/// be alive in them while the inner task is called.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/wrappers.hpp>

namespace bierl::wrappers {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What a wrapper is made from beside its options.
struct Within {
  std::unique_ptr<Task> inner;
  int max_episode_steps;  ///< of the inner task, in its steps
  std::string who;        ///< what errors call the wrapper
};

class Wrapper : public Task {
 public:
  explicit Wrapper(Within within) : within_(std::move(within)) {}

  void reset(NumpyRandom& random) override { within_.inner->reset(random); }
  Step step(const float* action) override { return within_.inner->step(action); }
  void observe(double* out) const override { within_.inner->observe(out); }
  bool diverged() override { return within_.inner->diverged(); }
  int observation_size() const override { return within_.inner->observation_size(); }
  int action_size() const override { return within_.inner->action_size(); }
  std::vector<float> action_bounds() const override { return within_.inner->action_bounds(); }
  int discrete_actions() const override { return within_.inner->discrete_actions(); }
  std::vector<float> observation_bounds() const override { return within_.inner->observation_bounds(); }
  double control_timestep() const override { return within_.inner->control_timestep(); }
  std::span<const InfoField> reset_info_fields() const override { return within_.inner->reset_info_fields(); }
  std::span<const InfoField> step_info_fields() const override { return within_.inner->step_info_fields(); }
  void reset_info(double* out) const override { within_.inner->reset_info(out); }
  void step_info(double* out) const override { within_.inner->step_info(out); }
  bool root_position(double xy[2]) const override { return within_.inner->root_position(xy); }
  std::vector<unsigned char> saved_model() const override { return within_.inner->saved_model(); }
  void copy_state(void* state) const override { within_.inner->copy_state(state); }
  bool guarded(Guarded function, void* argument) override { return within_.inner->guarded(function, argument); }
  std::string error() const override { return within_.inner->error(); }
  std::string complaint() const override { return within_.inner->complaint(); }

  /// Of a limit in steps of the inner task.
  template <class Options>
  static int limit(const Options&, int max_episode_steps) {
    return max_episode_steps;
  }

 protected:
  Task& inner() const { return *within_.inner; }
  int inner_limit() const { return within_.max_episode_steps; }
  const std::string& who() const { return within_.who; }
  /// Whether observations are of single precision (see Task::observation_bounds).
  bool single() const { return !within_.inner->observation_bounds().empty(); }

 private:
  Within within_;
};

/// The entry of class T, which has T::Options::read(OptionReader&), T(Within, Options) and limit(Options, int).
template <class T>
WrapperEntry entry(const char* name, const char* help) {
  return {.name = name,
          .help = help,
          .options = option_names<typename T::Options>(name),
          .check = read_alone<typename T::Options>,
          .wrap = [](OptionReader& options, std::unique_ptr<Task> inner, int steps) -> std::unique_ptr<Task> {
            return std::make_unique<T>(Within{std::move(inner), steps, options.task()}, T::Options::read(options));
          },
          .limit = [](OptionReader& options, int steps) { return T::limit(T::Options::read(options), steps); }};
}

/// One number for each of `count`, of an option that is a number or a list of them.
inline std::vector<double> spread(const std::vector<double>& given, std::size_t count, const std::string& what) {
  if (given.size() == 1) return std::vector<double>(count, given.front());
  require_size(what, given.size(), count, "a number, or one for each");
  return given;
}

std::vector<WrapperEntry> action_wrappers();
std::vector<WrapperEntry> observation_wrappers();
std::vector<WrapperEntry> reward_wrappers();

}  // namespace bierl::wrappers
