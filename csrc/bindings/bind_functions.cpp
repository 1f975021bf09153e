// Plain functions as tasks: the native test functions, and compiled ones from elsewhere.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>

#include <bierl/core/function_rollout.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/names.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "population.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

using py::literals::operator""_a;

namespace {

std::shared_ptr<TestFunction> make_function(const std::string& name, const py::object& dimension,
                                            const py::object& condition, const py::object& rotation_seed,
                                            const py::object& shift_radius, const py::object& shift_seed) {
  TestFunction::Settings settings{named<FunctionKind>(name),
                                  read_integer<std::size_t>(dimension, "dimension"),
                                  read_real(condition, "condition"),
                                  {},
                                  read_real(shift_radius, "shift_radius"),
                                  read_integer<std::uint64_t>(shift_seed, "shift_seed")};
  if (!rotation_seed.is_none()) settings.rotation_seed = read_integer<std::uint64_t>(rotation_seed, "rotation_seed");
  return unlocked([&] { return std::make_shared<TestFunction>(settings); });
}

std::unique_ptr<FunctionRollout> rollout_at(std::uintptr_t address, std::size_t dimension, int threads) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): Python hands out addresses as integers.
  const auto function = reinterpret_cast<ExternalFunction::Pointer>(address);
  auto objective = std::make_shared<ExternalFunction>(function, dimension);
  return unlocked([&] { return std::make_unique<FunctionRollout>(std::move(objective), 0.0, threads); });
}

void evaluate(FunctionRollout& self, const py::object& population, const py::object& out) {
  const HeldPopulation held(population, static_cast<py::ssize_t>(self.objective().dimension()));
  const auto target = write<double>(out, "out", {static_cast<py::ssize_t>(held.rows())});
  held.unlocked([&](const PopulationView& view) { self.evaluate(view, target, &no_signal); });
}

}  // namespace

void bind_functions(py::module_& m) {
  m.def("function_names", &names_of<FunctionKind>, "The native test functions.");
  py::class_<TestFunction, std::shared_ptr<TestFunction>>(
      m, "TestFunction",
      "A classical test function; see csrc/bierl/core/functions.hpp. Never changes: any number of threads may call.")
      .def(py::init(&make_function), "name"_a, "dimension"_a, "condition"_a = 1.0, "rotation_seed"_a = py::none(),
           "shift_radius"_a = 0.0, "shift_seed"_a = 0)
      .def(
          "place",
          [](const TestFunction& self, const py::object& x, const py::object& out) {
            const auto size = static_cast<py::ssize_t>(self.dimension());
            const auto source = read<float>(x, "x", {size});
            const auto target = write<double>(out, "out", {size});
            unlocked([&] { self.place(source, target); });
          },
          "x"_a, "out"_a, "Write z = Q (x - s) into out (P,) float64; x (P,) float32.");
  py::class_<FunctionRollout>(
      m, "FunctionRollout",
      "A function on a pool of threads; see csrc/bierl/core/function_rollout.hpp. Any number of threads "
      "may call: they take turns.")
      .def(py::init([](std::shared_ptr<TestFunction> function, const py::object& noise, const py::object& threads) {
             const double spread = read_real(noise, "noise");
             const int count = read_integer<int>(threads, "threads");
             return unlocked([&] { return std::make_unique<FunctionRollout>(std::move(function), spread, count); });
           }),
           "function"_a, "noise"_a, "threads"_a)
      .def_static("at", &rollout_at, "address"_a, "dimension"_a, "threads"_a,
                  "The compiled function double(const float*, int64) at this address, which must outlive the rollout.")
      .def("evaluate", &evaluate, "population"_a, "out"_a, "Write the return of every row into out (R,) float64.");
}

}  // namespace bierl::bindings
