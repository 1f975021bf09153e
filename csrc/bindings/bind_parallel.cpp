// The pool of threads that kernels share.
#include <pybind11/pybind11.h>

#include <bierl/core/parallel.hpp>

#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

void bind_parallel(py::module_& m) {
  py::class_<ThreadPool>(m, "ThreadPool", "A persistent pool of threads for kernels that share out their work.")
      .def(py::init<int>(), "threads"_a)
      .def_property_readonly("threads", &ThreadPool::threads);
}

}  // namespace bierl::bindings
