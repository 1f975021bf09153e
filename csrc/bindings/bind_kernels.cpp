// Noise, gradient, shapings, the fitness buffer, moments and nearest neighbours.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include <bierl/core/error.hpp>
#include <bierl/core/fitness_buffer.hpp>
#include <bierl/core/knn.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/philox.hpp>
#include <bierl/core/shaping.hpp>

#include "arrays.hpp"
#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

std::span<const float> read_optional(const py::object& array, const char* name,
                                     std::initializer_list<py::ssize_t> shape) {
  if (array.is_none()) return {};
  return read<float>(array, name, shape);
}

using WeightedSum = void (*)(const NoiseKey&, std::span<const std::uint32_t>, std::span<const float>, std::span<float>,
                             ThreadPool*);

void bind_sum(py::module_& m, const char* name, WeightedSum sum, const char* text) {
  m.def(
      name,
      [sum](const py::object& key, const py::object& rows, const py::object& weights, const py::object& out,
            ThreadPool* pool) {
        const NoiseKey at = read_key(key);
        const auto row = read<std::uint32_t>(rows, "rows", {kAny});
        const auto weight = read<float>(weights, "weights", {static_cast<py::ssize_t>(row.size())});
        const auto target = write<float>(out, "out", {kAny});
        const py::gil_scoped_release nogil;
        sum(at, row, weight, target, pool);
      },
      "key"_a, "rows"_a, "weights"_a, "out"_a, "pool"_a = nullptr, text);
}

void bind_noise(py::module_& m) {
  py::class_<ThreadPool>(m, "ThreadPool", "A persistent pool of threads for kernels that share out their work.")
      .def(py::init<int>(), "threads"_a)
      .def_property_readonly("threads", &ThreadPool::threads);
  m.def(
      "philox4x32",
      [](std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) { return philox4x32(counter, key); },
      "counter"_a, "key"_a, "Four uniform 32-bit words of Philox4x32-10.");
  m.def(
      "uniform64",
      [](const py::object& key, std::uint32_t row, std::uint32_t element) {
        return uniform64(read_key(key), row, element);
      },
      "key"_a, "row"_a, "element"_a, "One uniform 64-bit number by address.");
  m.def(
      "normals",
      [](const py::object& key, std::uint32_t row, const py::object& out) {
        const NoiseKey at = read_key(key);
        const auto target = write<float>(out, "out", {kAny});
        const py::gil_scoped_release nogil;
        normals(at, row, target);
      },
      "key"_a, "row"_a, "out"_a, "Fill out (P,) float32 with the standard normals of a row.");
  m.def(
      "perturb",
      [](const py::object& theta, float step, const py::object& key, std::uint32_t row, const py::object& scale,
         const py::object& out) {
        const NoiseKey at = read_key(key);
        const auto source = read<float>(theta, "theta", {kAny});
        const auto length = static_cast<py::ssize_t>(source.size());
        const auto factor = read_optional(scale, "scale", {length});
        const auto target = write<float>(out, "out", {length});
        const py::gil_scoped_release nogil;
        perturb(source, step, at, row, factor, target);
      },
      "theta"_a, "step"_a, "key"_a, "row"_a, "scale"_a, "out"_a, "out = theta + step * scale * normals(key, row).");
  bind_sum(m, "gradient", &gradient, "out = sum of weights * normals(key, rows).");
  bind_sum(m, "scale_gradient", &scale_gradient, "out = sum of weights * (normals(key, rows)^2 - 1).");
}

using Shaping = void (*)(Fitness, Failed, std::span<float>);

void bind_shaping(py::module_& m, const char* name, Shaping shaping) {
  m.def(
      name,
      [shaping](const py::object& fitness, const py::object& failed, const py::object& out) {
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        const py::gil_scoped_release nogil;
        shaping(value, flag, target);
      },
      "fitness"_a, "failed"_a, "out"_a, "Write update weights (N,) into out; see csrc/bierl/core/shaping.hpp.");
}

void bind_shapings(py::module_& m) {
  m.def(
      "log_rank_utilities",
      [](const py::object& fitness, const py::object& failed, const py::object& out, bool full, bool best_of_ties) {
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        const py::gil_scoped_release nogil;
        log_rank_utilities(value, flag, target, {full, best_of_ties ? Ties::best : Ties::share});
      },
      "fitness"_a, "failed"_a, "out"_a, "full"_a = false, "best_of_ties"_a = false,
      "Write log-rank utilities (N,) into out; see csrc/bierl/core/shaping.hpp.");
  bind_shaping(m, "centered_rank_utilities", &centered_rank_utilities);
  bind_shaping(m, "raw_weights", &raw_weights);
  m.def(
      "standardized_weights",
      [](const py::object& fitness, const py::object& failed, std::size_t top, const py::object& out) {
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        const py::gil_scoped_release nogil;
        standardized_weights(value, flag, top, target);
      },
      "fitness"_a, "failed"_a, "top"_a, "out"_a, "Write ARS weights (N,) into out; see csrc/bierl/core/shaping.hpp.");
}

// The view keeps the buffer alive; a push moves its content on.
py::array window_of(const py::object& self) {
  const auto& buffer = self.cast<const FitnessBuffer&>();
  py::array_t<float> view({buffer.history(), buffer.features()}, buffer.window().data(), self);
  view.attr("flags").attr("writeable") = false;
  return view;
}

void bind_fitness_buffer(py::module_& m) {
  py::class_<FitnessBuffer>(m, "FitnessBuffer",
                            "A ring of generations' returns; see csrc/bierl/core/fitness_buffer.hpp.")
      .def(py::init<std::size_t, std::size_t, std::size_t>(), "history"_a, "quantiles"_a, "hyperparameters"_a)
      .def_property_readonly("history", &FitnessBuffer::history)
      .def_property_readonly("features", &FitnessBuffer::features)
      .def_property_readonly("filled", &FitnessBuffer::filled)
      .def_property_readonly("last_mean", &FitnessBuffer::last_mean)
      .def_property_readonly("last_center", &FitnessBuffer::last_center)
      .def(
          "push",
          [](FitnessBuffer& self, const py::object& returns, const py::object& failed, double center,
             const py::object& hyperparameters) {
            const auto value = read<double>(returns, "returns", {kAny});
            self.push(value, read<bool>(failed, "failed", {static_cast<py::ssize_t>(value.size())}), center,
                      read<double>(hyperparameters, "hyperparameters", {kAny}));
          },
          "returns"_a, "failed"_a, "center"_a, "hyperparameters"_a)
      .def("window", &window_of, "(H, features) float32, oldest first; valid until the next push.")
      .def(
          "restore",
          [](FitnessBuffer& self, const py::object& window, std::size_t filled, double last_mean, double last_center) {
            const auto shape = {static_cast<py::ssize_t>(self.history()), static_cast<py::ssize_t>(self.features())};
            self.restore(read<float>(window, "window", shape), filled, last_mean, last_center);
          },
          "window"_a, "filled"_a, "last_mean"_a, "last_center"_a);
}

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
        const py::gil_scoped_release nogil;
        merge_rows({into_count.data(), into_mean, into_m2}, counts, means, m2s);
      },
      "count"_a, "mean"_a, "m2"_a, "count_r"_a, "mean_ro"_a, "m2_ro"_a,
      "Merge rows of moments, in row order, into count (1,), mean (O,) and m2 (O,).");
}

void bind_knn(py::module_& m) {
  m.def(
      "knn_mean_distance",
      [](const py::object& queries, const py::object& archive, std::size_t k, const py::object& out, ThreadPool* pool) {
        const py::ssize_t size = dimension(archive, "archive", 1);
        const auto behaviours = read<double>(archive, "archive", {kAny, size});
        const auto target = write<double>(out, "out", {kAny});
        const auto asked = read<double>(queries, "queries", {static_cast<py::ssize_t>(target.size()), size});
        const py::gil_scoped_release nogil;
        knn_mean_distance(asked, behaviours, static_cast<std::size_t>(size), k, target, pool);
      },
      "queries"_a, "archive"_a, "k"_a, "out"_a, "pool"_a = nullptr,
      "out (Q,) = mean distance from queries (Q, D) to the k nearest rows of archive (n, D).");
}

}  // namespace

void bind_kernels(py::module_& m) {
  bind_noise(m);
  bind_shapings(m);
  bind_fitness_buffer(m);
  bind_moments(m);
  bind_knn(m);
}

}  // namespace bierl::bindings
