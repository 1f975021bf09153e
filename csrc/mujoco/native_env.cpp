#include <bierl/mujoco/native_env.hpp>

#include <algorithm>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/task_table.hpp>

namespace bierl::mujoco {
namespace {

// What the guarded functions work on. MuJoCo's errors leave them by longjmp: plain values and pointers only.
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

void guarded_reset(const mjModel*, mjData*, int, void* argument) {
  const auto* call = static_cast<ResetCall*>(argument);
  call->task->reset(*call->random);
  call->task->observe(call->observation);
}

void guarded_step(const mjModel*, mjData*, int, void* argument) {
  auto* call = static_cast<StepCall*>(argument);
  call->answer = call->task->step(call->action);
  call->task->observe(call->observation);
}

}  // namespace

EnvCore::EnvCore(const std::string& id, Model model, const TaskOptions& options, std::optional<int> max_episode_steps)
    : simulation_(std::move(model)),
      task_(make_task(id, options, simulation_.model(), simulation_.data())),
      max_episode_steps_(max_episode_steps.value_or(find_task(id).max_episode_steps)),
      needs_reset_("reset must be called before step") {
  require(max_episode_steps_ >= 1, "max_episode_steps must be at least 1, got " + std::to_string(max_episode_steps_));
}

void EnvCore::seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
}

void EnvCore::run(mjfBatchFunc function, void* argument) {
  if (simulation_.guard().run(function, argument)) return;
  const std::string reason = simulation_.guard().error();
  needs_reset_ = "the simulation failed earlier (" + reason + "); call reset first";
  throw SimulationError("MuJoCo: " + reason);
}

void EnvCore::reset(std::span<double> observation) {
  const std::lock_guard lock(mutex_);
  require_size("observation", observation.size(), static_cast<std::size_t>(observation_size()), "the task's");
  ResetCall call{task_.get(), &random_, observation.data()};
  run(guarded_reset, &call);
  elapsed_ = 0;
  diverged_ = false;
  after_step_ = false;
  needs_reset_.clear();
}

EnvStep EnvCore::step(std::span<const float> action, std::span<double> observation) {
  const std::lock_guard lock(mutex_);
  require(needs_reset_.empty(), needs_reset_);
  require_size("action", action.size(), static_cast<std::size_t>(action_size()), "one number per control");
  require_size("observation", observation.size(), static_cast<std::size_t>(observation_size()), "the task's");
  StepCall call{task_.get(), action.data(), observation.data(), {}};
  run(guarded_step, &call);
  ++elapsed_;
  after_step_ = true;
  if (mujoco::diverged(simulation_.data())) {
    diverged_ = true;
    silence_warnings(simulation_.data());  // MuJoCo's automatic reset has zeroed the counts
  }
  return {call.answer.reward, call.answer.terminated, elapsed_ >= max_episode_steps_};
}

std::vector<float> EnvCore::action_bounds() const {
  const mjModel* model = simulation_.model();
  std::vector<float> bounds(2 * static_cast<std::size_t>(model->nu));
  std::transform(model->actuator_ctrlrange, model->actuator_ctrlrange + bounds.size(), bounds.begin(),
                 [](mjtNum bound) { return static_cast<float>(bound); });
  return bounds;
}

std::span<const InfoField> EnvCore::info_fields() const {
  return after_step_ ? task_->step_info_fields() : task_->reset_info_fields();
}

std::vector<double> EnvCore::info() const {
  std::size_t size = 0;
  for (const InfoField& field : info_fields()) size += static_cast<std::size_t>(field.size);
  std::vector<double> values(size);
  if (after_step_) {
    task_->step_info(values.data());
  } else {
    task_->reset_info(values.data());
  }
  return values;
}

}  // namespace bierl::mujoco
