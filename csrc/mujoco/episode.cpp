#include <algorithm>
#include <cmath>

#include <bierl/core/noise.hpp>
#include <bierl/mujoco/episode.hpp>
#include <bierl/mujoco/handles.hpp>

namespace bierl::mujoco {

std::size_t behaviour_size(Behaviour behaviour, const PolicyShape& shape) {
  switch (behaviour) {
    case Behaviour::none:
      return 0;
    case Behaviour::final_position:
      return 2;
    case Behaviour::final_observation:
      return shape.observations();
    case Behaviour::actions:
      return 4 * shape.actions();
  }
  return 0;
}

namespace {

// The A normals of one step, made a tile at a time.
void draw_action_noise(const EpisodeContext& c, int step) {
  const std::size_t actions = c.shape->actions();
  for (std::size_t a = 0; a < actions; ++a) {
    const std::size_t element = static_cast<std::size_t>(step) * actions + a;
    if (element == 0 || element % kTile == 0) {
      normals_from(c.action_key, c.action_row, element / kTile, {c.noise_tile, kTile});
    }
    c.action_noise[a] = c.noise_tile[element % kTile];
  }
}

// First two and last two actions: a later action moves the third block into the second-last place.
void remember_action(const EpisodeContext& c, int step) {
  const std::size_t actions = c.shape->actions();
  double* const second_last = c.descriptor + 2 * actions;
  double* const last = c.descriptor + 3 * actions;
  if (step == 0) {
    for (int block = 0; block < 4; ++block)
      std::copy_n(c.action, actions, c.descriptor + static_cast<std::size_t>(block) * actions);
    return;
  }
  if (step == 1) std::copy_n(c.action, actions, c.descriptor + actions);
  std::copy_n(last, actions, second_last);
  std::copy_n(c.action, actions, last);
}

void describe_end(const EpisodeContext& c) {
  if (c.behaviour == Behaviour::final_position) c.task->root_position(c.descriptor);
  if (c.behaviour == Behaviour::final_observation) c.task->observe(c.descriptor);
}

}  // namespace

void run_episode(const mjModel*, mjData*, int, void* context) {
  const EpisodeContext& c = *static_cast<const EpisodeContext*>(context);
  EpisodeResult& result = *c.result;
  const float* const noise = c.noisy ? c.action_noise : nullptr;
  if (c.noisy) action_std(*c.shape, c.parameters, c.action_std);
  c.task->reset(*c.random);
  while (result.steps < c.max_steps && !c.stopping->load(std::memory_order_relaxed)) {
    c.task->observe(c.observation);
    if (c.moments.count != nullptr) add_to_moments(c.moments, c.observation);
    if (c.noisy) draw_action_noise(c, result.steps);
    act(*c.shape, *c.normaliser, c.parameters, c.observation, noise, c.action_std, c.network, c.action);
    if (c.behaviour == Behaviour::actions) remember_action(c, result.steps);
    const Step step = c.task->step(c.action);
    ++result.steps;
    if (diverged(c.data) || !std::isfinite(step.reward)) {
      result.failed = true;  // the return so far is kept; the ranker puts failures last
      break;
    }
    result.total += step.reward;
    if (step.terminated) break;
  }
  if (c.descriptor != nullptr) describe_end(c);
}

}  // namespace bierl::mujoco
