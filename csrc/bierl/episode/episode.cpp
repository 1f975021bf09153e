#include <cmath>

#include <bierl/episode/episode.hpp>

namespace bierl {

// Holds references and plain numbers alone: see Task::Guarded.
void run_episode(void* context) {
  EpisodeContext& c = *static_cast<EpisodeContext*>(context);
  EpisodeResult& result = *c.result;
  c.actor.begin();
  c.task->reset(*c.random);
  while (result.steps < c.max_steps && !c.stopping->load(std::memory_order_relaxed)) {
    c.task->observe(c.observation);
    c.actor.act(c.observation, c.action);
    const Step answer = c.task->step(c.action);
    ++result.steps;
    if (c.task->diverged() || !std::isfinite(result.total + answer.reward)) {
      result.failed = true;  // the return so far is kept; the ranker puts failures last
      break;
    }
    result.total += answer.reward;
    c.actor.answered(answer.reward, answer.terminated);
    if (answer.terminated) break;
  }
  if (c.actor.behavior == Behavior::final_position) c.task->root_position(c.actor.descriptor);
  c.task->observe(c.observation);
  c.actor.finish(c.observation);
}

}  // namespace bierl
