/// The parts of the module, in the order of module.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace bierl::bindings {

void bind_errors(pybind11::module_& m);
void bind_info(pybind11::module_& m);
void bind_parallel(pybind11::module_& m);
void bind_noise(pybind11::module_& m);
void bind_shaping(pybind11::module_& m);
void bind_fitness_buffer(pybind11::module_& m);
void bind_moments(pybind11::module_& m);
void bind_knn(pybind11::module_& m);
void bind_policy(pybind11::module_& m);
void bind_population(pybind11::module_& m);
void bind_functions(pybind11::module_& m);
void bind_actor(pybind11::module_& m);
void bind_replay(pybind11::module_& m);
void bind_env(pybind11::module_& m);
void bind_terms(pybind11::module_& m);
void bind_rollout(pybind11::module_& m);
void bind_refusals(pybind11::module_& m);

}  // namespace bierl::bindings
