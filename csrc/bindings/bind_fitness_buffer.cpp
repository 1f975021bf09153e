// The window of returns that the meta-level reads.
#include <pybind11/pybind11.h>

#include <bierl/core/fitness_buffer.hpp>

#include "arrays.hpp"
#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

// The view keeps the buffer alive; a push moves its content on.
py::array window_of(const py::object& self) {
  const auto& buffer = self.cast<const FitnessBuffer&>();
  py::array_t<float> view({buffer.history(), buffer.features()}, buffer.window().data(), self);
  view.attr("flags").attr("writeable") = false;
  return view;
}

}  // namespace

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

}  // namespace bierl::bindings
