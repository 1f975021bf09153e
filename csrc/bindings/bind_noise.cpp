// Noise by address, and what strategies make of it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bierl/core/noise.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/philox.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"
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

constexpr py::ssize_t kLongestRow = (py::ssize_t{1} << 34) - 1;

template <std::size_t N>
std::array<std::uint32_t, N> read_words(const py::object& object, const char* name) {
  const bool sequence = PySequence_Check(object.ptr()) != 0;
  const Py_ssize_t length = sequence ? PySequence_Size(object.ptr()) : -1;
  PyErr_Clear();
  if (length != static_cast<Py_ssize_t>(N))
    throw py::type_error(std::string(name) + " must be " + std::to_string(N) + " integers below 2**32");
  std::array<std::uint32_t, N> words{};
  for (std::size_t i = 0; i < N; ++i)
    words[i] = read_integer<std::uint32_t>(py::reinterpret_borrow<py::sequence>(object)[i], name);
  return words;
}

using WeightedSum = void (*)(const NoiseKey&, std::span<const std::uint32_t>, std::span<const float>, std::span<float>,
                             ThreadPool*);

void bind_sum(py::module_& m, const char* name, WeightedSum sum, const char* text) {
  m.def(
      name,
      [sum](const py::object& key, const py::object& rows, const py::object& weights, const py::object& out,
            const py::object& pool) {
        ThreadPool* const threads = read_pool(pool);
        const NoiseKey at = read_key(key);
        const auto row = read<std::uint32_t>(rows, "rows", {kAny});
        const auto weight = read<float>(weights, "weights", {static_cast<py::ssize_t>(row.size())});
        const auto target = write<float>(out, "out", {kAny});
        unlocked([&] { sum(at, row, weight, target, threads); });
      },
      "key"_a, "rows"_a, "weights"_a, "out"_a, "pool"_a = py::none(), text);
}

}  // namespace

void bind_noise(py::module_& m) {
  m.def(
      "philox4x32",
      [](const py::object& counter, const py::object& key) {
        return philox4x32(read_words<4>(counter, "counter"), read_words<2>(key, "key"));
      },
      "counter"_a, "key"_a, "Four uniform 32-bit words of Philox4x32-10.");
  m.def(
      "uniform64",
      [](const py::object& key, const py::object& row, const py::object& element) {
        return uniform64(read_key(key), read_integer<std::uint32_t>(row, "row"),
                         read_integer<std::uint32_t>(element, "element"));
      },
      "key"_a, "row"_a, "element"_a, "One uniform 64-bit number by address.");
  m.def(
      "normals",
      [](const py::object& key, const py::object& row, const py::object& out) {
        const NoiseKey at = read_key(key);
        const auto number = read_integer<std::uint32_t>(row, "row");
        const auto target = write<float>(out, "out", {kAny});
        unlocked([&] { normals(at, number, target); });
      },
      "key"_a, "row"_a, "out"_a, "Fill out (P,) float32 with the standard normals of a row.");
  m.def(
      "perturb",
      [](const py::object& theta, const py::object& sigma, const py::object& key, const py::object& row,
         const py::object& sign, const py::object& scale, const py::object& out) {
        const auto source = read<float>(theta, "theta", {kAny});
        const float step = read_float(sigma, "sigma") * static_cast<float>(read_integer(sign, "sign", -1, 1));
        const NoiseKey at = read_key(key);
        const auto number = read_integer<std::uint32_t>(row, "row");
        const auto length = static_cast<py::ssize_t>(source.size());
        const auto factor = read_optional(scale, "scale", {length});
        const auto target = write<float>(out, "out", {length});
        unlocked([&] { perturb(source, step, at, number, factor, target); });
      },
      "theta"_a, "sigma"_a, "key"_a, "row"_a, "sign"_a, "scale"_a, "out"_a,
      "out = theta + sign * sigma * scale * normals(key, row); sign is -1, 0 or 1.");
  m.def(
      "row_memory",
      [](const py::object& count) {
        return py::array_t<float>(read_integer<py::ssize_t>(count, "count", 0, kLongestRow));
      },
      "count"_a, "An array (count,) float32 for a row of noise, uninitialised.");
  bind_sum(m, "gradient", &gradient, "out = sum of weights * normals(key, rows).");
  bind_sum(m, "scale_gradient", &scale_gradient, "out = sum of weights * (normals(key, rows)^2 - 1).");
}

}  // namespace bierl::bindings
