#include <bierl/episode/native_env.hpp>

#include <type_traits>

#include <bierl/core/error.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {
namespace {

constexpr const char* kName = "environment";

// What the guarded functions work on: plain values and pointers only, see Task::Guarded.
struct ResetCall {
  Task* task;
  NumpyRandom* random;
  double* observation;
};

struct StepCall {
  Task* task;
  const float* action;
  double* observation;
  Step answer;
};
static_assert(std::is_trivially_destructible_v<ResetCall> && std::is_trivially_destructible_v<StepCall>);

void guarded_reset(void* argument) {
  const auto* call = static_cast<ResetCall*>(argument);
  call->task->reset(*call->random);
  call->task->observe(call->observation);
}

void guarded_step(void* argument) {
  auto* call = static_cast<StepCall*>(argument);
  call->answer = call->task->step(call->action);
  call->task->observe(call->observation);
}

}  // namespace

EnvCore::EnvCore(const TaskFactory& tasks, std::optional<int> max_episode_steps)
    : task_(tasks.make()),
      max_episode_steps_(max_episode_steps.value_or(tasks.max_episode_steps)),
      needs_reset_("reset must be called before step") {
  require(max_episode_steps_ >= 1, "max_episode_steps must be at least 1, got " + std::to_string(max_episode_steps_));
}

void EnvCore::seed(std::uint64_t seed) {
  const Turn::Held held(turn_, kName);
  random_.seed(seed);
}

void EnvCore::run(Task::Guarded function, void* argument) {
  if (task_->guarded(function, argument)) return;
  const std::string reason = task_->error();
  needs_reset_ = "the simulation failed earlier (" + reason + "); call reset first";
  throw SimulationError(reason);
}

void EnvCore::reset(std::span<double> observation) {
  const Turn::Held held(turn_, kName);
  require_size("observation", observation.size(), static_cast<std::size_t>(observation_size()), "the task's");
  ResetCall call{task_.get(), &random_, observation.data()};
  run(guarded_reset, &call);
  elapsed_ = 0;
  diverged_ = false;
  after_step_ = false;
  needs_reset_.clear();
}

EnvStep EnvCore::step(std::span<const float> action, std::span<double> observation) {
  const Turn::Held held(turn_, kName);
  require(needs_reset_.empty(), needs_reset_);
  require_size("action", action.size(), static_cast<std::size_t>(action_size()), "one number per control");
  require_size("observation", observation.size(), static_cast<std::size_t>(observation_size()), "the task's");
  StepCall call{task_.get(), action.data(), observation.data(), {}};
  run(guarded_step, &call);
  if (asked_to_stop()) {  // the task may have ended its step early
    needs_reset_ = "the step before was interrupted; call reset first";
    throw Interrupted();
  }
  ++elapsed_;
  after_step_ = true;
  if (task_->diverged()) diverged_ = true;
  return {call.answer.reward, call.answer.terminated, elapsed_ >= max_episode_steps_};
}

bool EnvCore::has_root_position() const {
  const Turn::Held held(turn_, kName);
  double xy[2];
  return task_->root_position(xy);
}

int EnvCore::elapsed_steps() const {
  const Turn::Held held(turn_, kName);
  return elapsed_;
}

bool EnvCore::diverged() const {
  const Turn::Held held(turn_, kName);
  return diverged_;
}

std::vector<unsigned char> EnvCore::saved_model() const {
  const Turn::Held held(turn_, kName);
  return task_->saved_model();
}

void EnvCore::copy_state(void* state) const {
  const Turn::Held held(turn_, kName);
  task_->copy_state(state);
}

EnvInfo EnvCore::info() const {
  const Turn::Held held(turn_, kName);
  EnvInfo info{after_step_ ? task_->step_info_fields() : task_->reset_info_fields(), {}};
  std::size_t size = 0;
  for (const InfoField& field : info.fields) size += static_cast<std::size_t>(field.size);
  info.values.resize(size);
  if (after_step_) {
    task_->step_info(info.values.data());
  } else {
    task_->reset_info(info.values.data());
  }
  return info;
}

}  // namespace bierl
