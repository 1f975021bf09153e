#include <algorithm>

#include <bierl/core/actor.hpp>
#include <bierl/core/noise.hpp>

namespace bierl {

std::size_t behavior_size(Behavior behavior, const PolicyShape& shape) {
  switch (behavior) {
    case Behavior::none:
      return 0;
    case Behavior::final_position:
      return 2;
    case Behavior::final_observation:
      return shape.observations();
    case Behavior::actions:
      return 4 * shape.actions();
  }
  return 0;
}

ActorMemory::ActorMemory(const PolicyShape& shape)
    : network(shape.scratch_size()), noise(shape.actions()), std(shape.actions()), tile(kTile) {}

namespace {

// The A normals of one step, made a tile at a time.
void draw_action_noise(const Actor& actor) {
  const std::size_t actions = actor.shape->actions();
  ActorMemory& memory = *actor.memory;
  for (std::size_t a = 0; a < actions; ++a) {
    const std::size_t element = actor.step * actions + a;
    if (element == 0 || element % kTile == 0)
      normals_from(actor.action_key, actor.action_row, element / kTile, {memory.tile.data(), kTile});
    memory.noise[a] = memory.tile[element % kTile];
  }
}

// First two and last two actions: a later action moves the third block into the second-last place.
void remember_action(const Actor& actor, const float* action) {
  const std::size_t actions = actor.shape->actions();
  double* const second_last = actor.descriptor + 2 * actions;
  double* const last = actor.descriptor + 3 * actions;
  if (actor.step == 0) {
    for (std::size_t block = 0; block < 4; ++block) std::copy_n(action, actions, actor.descriptor + block * actions);
    return;
  }
  if (actor.step == 1) std::copy_n(action, actions, actor.descriptor + actions);
  std::copy_n(last, actions, second_last);
  std::copy_n(action, actions, last);
}

}  // namespace

void Actor::begin() {
  step = 0;
  if (noisy) action_std(*shape, parameters, memory->std.data());
}

void Actor::act(const double* observation, float* action) {
  float* const scratch = memory->network.data();
  float* const input = scratch + 2 * shape->network.widest();
  observe(observation, input);
  mlp_forward(shape->network, parameters, input, scratch, action);
  respond(action);
}

void Actor::observe(const double* observation, float* input) const {
  if (moments.count != nullptr) add_to_moments(moments, observation);
  if (recorder.records != nullptr) recorder.saw(step, observation);
  normalise(*normalizer, observation, shape->observations(), input);
}

void Actor::respond(float* action) {
  if (noisy) draw_action_noise(*this);
  into_box(*shape, noisy ? memory->noise.data() : nullptr, memory->std.data(), action);
  if (behavior == Behavior::actions && descriptor != nullptr) remember_action(*this, action);
  if (recorder.records != nullptr) recorder.did(step, action);
  ++step;
}

void Actor::answered(double reward, bool terminated) const {
  if (recorder.records != nullptr) recorder.answered(step - 1, reward, terminated);
}

void Actor::finish(const double* observation) const {
  if (recorder.records != nullptr) recorder.ended(step, observation);
  if (behavior == Behavior::final_observation && descriptor != nullptr)
    std::copy_n(observation, shape->observations(), descriptor);
}

}  // namespace bierl
