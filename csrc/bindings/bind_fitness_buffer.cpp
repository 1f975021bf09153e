// The window of returns that the meta-level reads.
#include <pybind11/pybind11.h>

#include <memory>

#include <bierl/core/fitness_buffer.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

py::array_t<float> window_of(const FitnessBuffer& buffer) {
  py::array_t<float> copy({buffer.history(), buffer.features()});
  const std::span<float> out{copy.mutable_data(), static_cast<std::size_t>(copy.size())};
  unlocked([&] { buffer.window(out); });
  return copy;
}

py::tuple state_of(const FitnessBuffer& buffer) {
  FitnessBuffer::State state;
  unlocked([&] { state = buffer.state(); });
  const py::array_t<float> window({buffer.history(), buffer.features()}, state.window.data());
  return py::make_tuple(buffer.history(), buffer.quantiles(), buffer.hyperparameters(), window, state.filled,
                        state.last_mean, state.last_center);
}

std::unique_ptr<FitnessBuffer> again(const py::tuple& state) {
  auto buffer = std::make_unique<FitnessBuffer>(state[0].cast<std::size_t>(), state[1].cast<std::size_t>(),
                                                state[2].cast<std::size_t>());
  const auto window = state[3].cast<py::array_t<float, py::array::c_style>>();
  buffer->restore({window.data(), static_cast<std::size_t>(window.size())}, state[4].cast<std::size_t>(),
                  state[5].cast<double>(), state[6].cast<double>());
  return buffer;
}

}  // namespace

void bind_fitness_buffer(py::module_& m) {
  py::class_<FitnessBuffer>(
      m, "FitnessBuffer",
      "A ring of generations' returns; see csrc/bierl/core/fitness_buffer.hpp. Any number of threads "
      "may call: they take turns.")
      .def(py::init([](const py::object& history, const py::object& quantiles, const py::object& hyperparameters) {
             return std::make_unique<FitnessBuffer>(read_integer<std::size_t>(history, "history"),
                                                    read_integer<std::size_t>(quantiles, "quantiles"),
                                                    read_integer<std::size_t>(hyperparameters, "hyperparameters"));
           }),
           "history"_a, "quantiles"_a, "hyperparameters"_a)
      .def_property_readonly("history", &FitnessBuffer::history)
      .def_property_readonly("features", &FitnessBuffer::features)
      .def_property_readonly("filled", waiting(&FitnessBuffer::filled))
      .def_property_readonly("last_mean", waiting(&FitnessBuffer::last_mean))
      .def_property_readonly("last_center", waiting(&FitnessBuffer::last_center))
      .def(
          "push",
          [](FitnessBuffer& self, const py::object& returns, const py::object& failed, const py::object& center,
             const py::object& hyperparameters) {
            const auto value = read<double>(returns, "returns", {kAny});
            const auto flag = read<bool>(failed, "failed", {static_cast<py::ssize_t>(value.size())});
            const double at = read_real(center, "center");
            const auto used = read<double>(hyperparameters, "hyperparameters", {kAny});
            unlocked([&] { self.push(value, flag, at, used); });
          },
          "returns"_a, "failed"_a, "center"_a, "hyperparameters"_a)
      .def("window", &window_of, "(H, features) float32, oldest first; a copy.")
      .def(
          "restore",
          [](FitnessBuffer& self, const py::object& window, const py::object& filled, const py::object& last_mean,
             const py::object& last_center) {
            const auto shape = {static_cast<py::ssize_t>(self.history()), static_cast<py::ssize_t>(self.features())};
            const auto rows = read<float>(window, "window", shape);
            const auto used = read_integer<std::size_t>(filled, "filled");
            const double mean = read_real(last_mean, "last_mean"), center = read_real(last_center, "last_center");
            unlocked([&] { self.restore(rows, used, mean, center); });
          },
          "window"_a, "filled"_a, "last_mean"_a, "last_center"_a)
      .def(py::pickle(&state_of, &again));
}

}  // namespace bierl::bindings
