#include <bierl/mujoco/mujoco_task.hpp>

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl::mujoco {
namespace {

constexpr int kBetweenAsking = 64;  // simulation steps of one control step; no task's default has as many

// A MuJoCo error skips this frame and all below it down to Guard::run.
struct Call {
  Task::Guarded function;
  void* argument;
};
static_assert(std::is_trivially_destructible_v<Call>);

void make_call(const mjModel*, mjData*, int, void* argument) {
  const auto* call = static_cast<const Call*>(argument);
  call->function(call->argument);
}

}  // namespace

MujocoTask::MujocoTask(std::shared_ptr<Simulation> simulation, Layout layout)
    : model_(simulation->model()),
      data_(simulation->data()),
      dt_(model_->opt.timestep * layout.frame_skip),
      simulation_(std::move(simulation)),
      observation_size_(static_cast<int>(layout.observation_size)),
      frame_skip_(layout.frame_skip),
      reset_fields_(std::move(layout.reset_fields)),
      step_fields_(std::move(layout.step_fields)) {
  std::size_t size = 0;
  for (const InfoField& field : step_fields_) size += static_cast<std::size_t>(field.size);
  info_.resize(size);
}

bool MujocoTask::guarded(Guarded function, void* argument) {
  Call call{function, argument};
  return simulation_->guard().run(make_call, &call);
}

std::vector<float> MujocoTask::action_bounds() const {
  std::vector<float> bounds(2 * static_cast<std::size_t>(model_->nu));
  std::transform(model_->actuator_ctrlrange, model_->actuator_ctrlrange + bounds.size(), bounds.begin(),
                 [](mjtNum bound) { return static_cast<float>(bound); });
  for (std::size_t i = 0; i < bounds.size() / 2; ++i) {
    if (model_->actuator_ctrllimited[i]) continue;
    bounds[2 * i] = -std::numeric_limits<float>::infinity();
    bounds[2 * i + 1] = std::numeric_limits<float>::infinity();
  }
  return bounds;
}

void MujocoTask::step_info(double* out) const { std::copy(info_.begin(), info_.end(), out); }

void MujocoTask::clear() {
  mj_resetData(model_, data_);
  silence_warnings(data_);
}

void MujocoTask::reset_with_noise(NumpyRandom& random, double scale, VelocityNoise noise) {
  clear();
  for (int i = 0; i < model_->nq; ++i) data_->qpos[i] += random.uniform(-scale, scale);
  for (int i = 0; i < model_->nv; ++i) {
    data_->qvel[i] +=
        noise == VelocityNoise::kUniform ? random.uniform(-scale, scale) : scale * random.standard_normal();
  }
  mj_forward(model_, data_);
}

void MujocoTask::simulate(const float* action) {
  std::copy_n(action, model_->nu, data_->ctrl);
  for (int i = 0; i < frame_skip_; ++i) {
    if (i % kBetweenAsking == kBetweenAsking - 1 && asked_to_stop()) return;  // whoever asked throws the step away
    mj_step(model_, data_);
  }
}

int MujocoTask::body(const char* name) const {
  const int id = mj_name2id(model_, mjOBJ_BODY, name);
  if (id < 0) throw SimulationError(std::string("the model has no body named '") + name + "'");
  return id;
}

}  // namespace bierl::mujoco
