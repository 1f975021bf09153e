#include <cmath>

#include <bierl/mujoco/episode.hpp>
#include <bierl/mujoco/handles.hpp>

namespace bierl::mujoco {

void run_episode(const mjModel*, mjData*, int, void* context) {
  EpisodeContext& c = *static_cast<EpisodeContext*>(context);
  EpisodeResult& result = *c.result;
  c.actor.begin();
  c.task->reset(*c.random);
  while (result.steps < c.max_steps && !c.stopping->load(std::memory_order_relaxed)) {
    c.task->observe(c.observation);
    c.actor.act(c.observation, c.action);
    const Step step = c.task->step(c.action);
    ++result.steps;
    if (diverged(c.data) || !std::isfinite(result.total + step.reward)) {
      result.failed = true;  // the return so far is kept; the ranker puts failures last
      break;
    }
    result.total += step.reward;
    c.actor.answered(step.reward, step.terminated);
    if (step.terminated) break;
  }
  if (c.actor.behaviour == Behaviour::final_position) c.task->root_position(c.actor.descriptor);
  c.task->observe(c.observation);
  c.actor.finish(c.observation);
}

}  // namespace bierl::mujoco
