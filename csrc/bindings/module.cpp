// The native module's table of contents.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
  using namespace bierl::bindings;
  m.doc() = "Kernels, policies, native tasks and whole-episode rollouts of bierl_fast.";
  // First what refuses to be imported, and what others take as arguments.
  bind_errors(m);
  bind_info(m);
  bind_parallel(m);
  // What strategies and meta-levels compute with.
  bind_noise(m);
  bind_shaping(m);
  bind_fitness_buffer(m);
  bind_moments(m);
  bind_knn(m);
  bind_replay(m);
  // What an evaluator runs.
  bind_policy(m);
  bind_population(m);
  bind_functions(m);
  bind_actor(m);
  bind_env(m);
  bind_terms(m);
  bind_rollout(m);
  // Last: of all that is there.
  bind_refusals(m);
}
