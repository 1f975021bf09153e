// Noise by address, and what strategies make of it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bierl/core/noise.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/philox.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "unlocked.hpp"

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
        unlocked([&] { sum(at, row, weight, target, pool); });
      },
      "key"_a, "rows"_a, "weights"_a, "out"_a, "pool"_a = nullptr, text);
}

}  // namespace

void bind_noise(py::module_& m) {
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
        unlocked([&] { normals(at, row, target); });
      },
      "key"_a, "row"_a, "out"_a, "Fill out (P,) float32 with the standard normals of a row.");
  m.def(
      "perturb",
      [](const py::object& theta, double step, const py::object& key, std::uint32_t row, const py::object& scale,
         const py::object& out) {
        const NoiseKey at = read_key(key);
        const auto source = read<float>(theta, "theta", {kAny});
        const auto length = static_cast<py::ssize_t>(source.size());
        const auto factor = read_optional(scale, "scale", {length});
        const auto target = write<float>(out, "out", {length});
        const float sigma = narrowed("sigma", step);
        unlocked([&] { perturb(source, sigma, at, row, factor, target); });
      },
      "theta"_a, "step"_a, "key"_a, "row"_a, "scale"_a, "out"_a, "out = theta + step * scale * normals(key, row).");
  bind_sum(m, "gradient", &gradient, "out = sum of weights * normals(key, rows).");
  bind_sum(m, "scale_gradient", &scale_gradient, "out = sum of weights * (normals(key, rows)^2 - 1).");
}

}  // namespace bierl::bindings
