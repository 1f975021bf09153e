// Observation statistics.
#include <pybind11/pybind11.h>

#include <bierl/core/moments.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

void bind_moments(py::module_& m) {
  m.def(
      "merge_moments",
      [](const py::object& count, const py::object& mean, const py::object& m2, const py::object& count_r,
         const py::object& mean_ro, const py::object& m2_ro) {
        const auto into_count = write<double>(count, "count", {1});
        const auto into_mean = write<double>(mean, "mean", {kAny});
        const auto size = static_cast<py::ssize_t>(into_mean.size());
        const auto into_m2 = write<double>(m2, "m2", {size});
        const auto counts = read<double>(count_r, "count_r", {kAny});
        const auto rows = static_cast<py::ssize_t>(counts.size());
        const auto means = read<double>(mean_ro, "mean_ro", {rows, size});
        const auto m2s = read<double>(m2_ro, "m2_ro", {rows, size});
        // Under the GIL: what is merged into are running statistics, which other threads read.
        const StopScope scope(&no_signal);
        merge_rows({into_count.data(), into_mean, into_m2}, counts, means, m2s);
      },
      "count"_a, "mean"_a, "m2"_a, "count_r"_a, "mean_ro"_a, "m2_ro"_a,
      "Merge rows of moments, in row order, into count (1,), mean (O,) and m2 (O,).");
}

}  // namespace bierl::bindings
