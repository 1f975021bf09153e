// The native module's table of contents.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "Kernels, policies, native tasks and whole-episode rollouts of bierl_fast.";
  bierl::bindings::bind_errors(m);
  bierl::bindings::bind_info(m);
  bierl::bindings::bind_kernels(m);
  bierl::bindings::bind_policy(m);
  bierl::bindings::bind_population(m);
  bierl::bindings::bind_functions(m);
  bierl::bindings::bind_actor(m);
  bierl::bindings::bind_replay(m);
  bierl::bindings::bind_env(m);
  bierl::bindings::bind_rollout(m);
}
