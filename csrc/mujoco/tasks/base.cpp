#include <bierl/mujoco/tasks/base.hpp>

#include <string>

#include <bierl/core/error.hpp>

namespace bierl::mujoco::tasks {

TaskBase::TaskBase(const mjModel* model, mjData* data, Layout layout)
    : Task(model, data),
      dt_(model->opt.timestep * layout.frame_skip),
      observation_size_(static_cast<int>(layout.observation_size)),
      frame_skip_(layout.frame_skip),
      reset_fields_(std::move(layout.reset_fields)),
      step_fields_(std::move(layout.step_fields)) {
  std::size_t size = 0;
  for (const InfoField& field : step_fields_) size += static_cast<std::size_t>(field.size);
  info_.resize(size);
}

void TaskBase::clear() {
  mj_resetData(model_, data_);
  silence_warnings(data_);
}

void TaskBase::reset_with_noise(NumpyRandom& random, double scale, VelocityNoise noise) {
  clear();
  for (int i = 0; i < model_->nq; ++i) data_->qpos[i] += random.uniform(-scale, scale);
  for (int i = 0; i < model_->nv; ++i) {
    data_->qvel[i] +=
        noise == VelocityNoise::kUniform ? random.uniform(-scale, scale) : scale * random.standard_normal();
  }
  mj_forward(model_, data_);
}

void TaskBase::simulate(const float* action) {
  std::copy_n(action, model_->nu, data_->ctrl);
  for (int i = 0; i < frame_skip_; ++i) mj_step(model_, data_);
}

int TaskBase::body(const char* name) const {
  const int id = mj_name2id(model_, mjOBJ_BODY, name);
  if (id < 0) throw SimulationError(std::string("the model has no body named '") + name + "'");
  return id;
}

}  // namespace bierl::mujoco::tasks
