#include <bierl/box2d/box2d_task.hpp>

#include <algorithm>
#include <cmath>

#include <bierl/box2d/assertions.hpp>

namespace bierl::box2d {

void GroundContacts::watch(const Body* trunk, const Body* left_foot, const Body* right_foot) {
  trunk_ = trunk;
  feet_ = {left_foot, right_foot};
  fallen_ = false;
  stands_ = {};
}

void GroundContacts::begin_contact(Contact* contact) {
  const Body* const a = contact->fixture_a->body;
  const Body* const b = contact->fixture_b->body;
  if (trunk_ == a || trunk_ == b) fallen_ = true;
  for (std::size_t side = 0; side < 2; ++side) {
    if (feet_[side] == a || feet_[side] == b) stands_[side] = true;
  }
}

void GroundContacts::end_contact(Contact* contact) {
  const Body* const a = contact->fixture_a->body;
  const Body* const b = contact->fixture_b->body;
  for (std::size_t side = 0; side < 2; ++side) {
    if (feet_[side] == a || feet_[side] == b) stands_[side] = false;
  }
}

void Box2DTask::observe(double* out) const {
  std::transform(state_.begin(), state_.end(), out, [](double value) { return static_cast<float>(value); });
}

bool Box2DTask::guarded(Guarded function, void* argument) {
  if (run_trapped(function, argument, error_)) return true;
  simulation_.broken();
  return false;
}

bool Box2DTask::state_is_finite() const {
  return std::all_of(state_.begin(), state_.end(), [](double value) { return std::isfinite(value); });
}

void Box2DTask::begin_episode(Vec gravity) {
  diverged_ = false;
  contacts_.watch(nullptr, nullptr, nullptr);
  simulation_.begin(gravity, &contacts_);
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace bierl::box2d
