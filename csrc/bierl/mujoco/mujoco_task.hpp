/// What every native MuJoCo task is made of: the simulation, one control step of it, resets with noise, info values.
///
/// A task of one's own derives from this class and writes reset, step and observe (tasks/half_cheetah.cpp is a short
/// one). They run inside MuJoCo's error guard, which leaves them by longjmp: in them, no object with a destructor may
/// be alive while MuJoCo is called.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <bierl/episode/task.hpp>
#include <bierl/mujoco/handles.hpp>

namespace bierl::mujoco {

class MujocoTask : public Task {
 public:
  /// Reads and silences MuJoCo's warnings of a bad state.
  bool diverged() override {
    if (!mujoco::diverged(data_)) return false;
    silence_warnings(data_);  // MuJoCo's automatic reset has zeroed the counts
    return true;
  }
  int observation_size() const final { return observation_size_; }
  int action_size() const final { return static_cast<int>(model_->nu); }
  std::vector<float> action_bounds() const final;
  double control_timestep() const final { return dt_; }
  std::span<const InfoField> reset_info_fields() const final { return reset_fields_; }
  std::span<const InfoField> step_info_fields() const final { return step_fields_; }
  void step_info(double* out) const final;

  std::vector<unsigned char> saved_model() const final { return mujoco::saved_model(model_); }
  void copy_state(void* state) const final { mj_copyData(static_cast<mjData*>(state), model_, data_); }

  bool guarded(Guarded function, void* argument) final;
  std::string error() const final { return "MuJoCo: " + simulation_->guard().error(); }

 protected:
  struct Layout {
    mjtSize observation_size = 0;
    int frame_skip;
    std::vector<InfoField> reset_fields;
    std::vector<InfoField> step_fields;
  };
  MujocoTask(std::shared_ptr<Simulation> simulation, Layout layout);

  enum class VelocityNoise { kUniform, kNormal };
  /// qpos0 + uniform(-scale, scale), and velocities around zero, then mj_forward.
  void reset_with_noise(NumpyRandom& random, double scale, VelocityNoise noise);
  void clear();  ///< mj_resetData, warnings silenced
  /// Sets the controls, which MuJoCo clamps, and takes frame_skip simulation steps; fewer once asked to stop.
  void simulate(const float* action);

  double* info() { return info_.data(); }  ///< where step writes its info, fields one after another
  int body(const char* name) const;        ///< number of a body; SimulationError if the model has none

  const mjModel* model_;  ///< the simulation's
  mjData* data_;          ///< the simulation's
  double dt_;             ///< seconds in one control step

 private:
  std::shared_ptr<Simulation> simulation_;
  int observation_size_;
  int frame_skip_;
  std::vector<InfoField> reset_fields_;
  std::vector<InfoField> step_fields_;
  std::vector<double> info_;  // written by step and kept until it is asked for
};

}  // namespace bierl::mujoco
