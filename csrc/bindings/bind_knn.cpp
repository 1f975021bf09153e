// Nearest neighbours.
#include <pybind11/pybind11.h>

#include <bierl/core/knn.hpp>
#include <bierl/core/parallel.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

void bind_knn(py::module_& m) {
  m.def(
      "knn_mean_distance",
      [](const py::object& queries, const py::object& archive, const py::object& k, const py::object& out,
         const py::object& pool) {
        const auto neighbors = read_integer<std::size_t>(k, "k", 1);
        ThreadPool* const threads = read_pool(pool);
        const py::ssize_t size = dimension(archive, "archive", 1);
        const auto behaviors = read<double>(archive, "archive", {kAny, size});
        const auto target = write<double>(out, "out", {kAny});
        const auto asked = read<double>(queries, "queries", {static_cast<py::ssize_t>(target.size()), size});
        unlocked(
            [&] { knn_mean_distance(asked, behaviors, static_cast<std::size_t>(size), neighbors, target, threads); });
      },
      "queries"_a, "archive"_a, "k"_a, "out"_a, "pool"_a = py::none(),
      "out (Q,) = mean distance from queries (Q, D) to the k nearest rows of archive (n, D).");
}

}  // namespace bierl::bindings
