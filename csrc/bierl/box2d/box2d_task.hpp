/// What Gymnasium's Box2D tasks have in common: a world that is new in each episode, an observation of single
/// precision, and legs that feel the ground.
///
/// A task's reset and step run inside run_trapped, which leaves them by longjmp: in them, no object with a destructor
/// may be alive while the engine is called.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include <bierl/box2d/simulation.hpp>
#include <bierl/episode/task.hpp>

namespace bierl::box2d {

/// What Gymnasium's ContactDetector notes: the trunk touched something, and which feet stand on something.
class GroundContacts final : public ContactListener {
 public:
  /// An episode begins; nothing is touched.
  void watch(const Body* trunk, const Body* left_foot, const Body* right_foot);
  void begin_contact(Contact* contact) override;
  void end_contact(Contact* contact) override;

  bool fallen() const { return fallen_; }
  bool foot(std::size_t side) const { return stands_[side]; }

 private:
  const Body* trunk_ = nullptr;
  std::array<const Body*, 2> feet_{};
  bool fallen_ = false;
  std::array<bool, 2> stands_{};
};

class Box2DTask : public Task {
 public:
  void observe(double* out) const final;
  /// An action, or what came of it, that is not finite.
  bool diverged() final { return diverged_; }
  int observation_size() const final { return static_cast<int>(state_.size()); }
  double control_timestep() const final { return 1.0 / 50; }
  bool guarded(Guarded function, void* argument) final;
  std::string error() const final { return "Box2D: " + error_; }

 protected:
  Box2DTask(const Engine& engine, std::size_t observation_size) : simulation_(engine), state_(observation_size) {}

  /// What a step works on, as Gymnasium's lists of Python numbers; `observe` rounds them to single precision.
  std::span<double> state() { return state_; }
  /// At the end of a reset or step, and instead of a step with an action that is not finite.
  void note(bool finite) { diverged_ = diverged_ || !finite; }
  bool state_is_finite() const;
  void begin_episode(Vec gravity);

  Simulation simulation_;
  GroundContacts contacts_;

 private:
  std::vector<double> state_;
  bool diverged_ = false;
  std::string error_;
};

bool all_finite(std::span<const float> values);
/// np.clip: NaN stays NaN.
template <class T>
T clipped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}
/// np.sign of a number.
template <class T>
T sign(T value) {
  return value > 0 ? T{1} : value < 0 ? T{-1} : T{0};
}

}  // namespace bierl::box2d
