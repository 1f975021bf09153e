// The compiled policy, alone.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include <bierl/core/names.hpp>
#include <bierl/core/policy.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

PolicyShape make_shape(std::vector<std::size_t> sizes, const std::string& activation, std::vector<float> low,
                       std::vector<float> high, const std::string& squash, const std::string& noise, float log_std) {
  PolicyShape shape;
  shape.network = {std::move(sizes), named<Activation>(activation)};
  shape.low = std::move(low);
  shape.high = std::move(high);
  shape.squash = named<Squash>(squash);
  shape.noise = named<ActionNoise>(noise);
  shape.log_std = log_std;
  shape.check();
  return shape;
}

void forward(const PolicyShape& shape, const Normalizer& normalizer, const py::object& parameters,
             const py::object& observation, const py::object& action) {
  normalizer.check(shape.observations());
  const auto weights = read<float>(parameters, "parameters", {static_cast<py::ssize_t>(shape.parameter_count())});
  const auto input = read<double>(observation, "observation", {static_cast<py::ssize_t>(shape.observations())});
  const auto output = write<float>(action, "action", {static_cast<py::ssize_t>(shape.actions())});
  std::vector<float> scratch(shape.scratch_size());
  act(shape, normalizer, weights.data(), input.data(), scratch.data(), output.data());
}

}  // namespace

void bind_policy(py::module_& m) {
  py::class_<Normalizer>(
      m, "Normalizer",
      "Frozen observation statistics; see csrc/bierl/core/policy.hpp. Never changes: any number of threads "
      "may use it.")
      .def(py::init<>())
      .def_static(
          "from_moments",
          [](const py::object& count, const py::object& mean, const py::object& m2) {
            const auto means = read<double>(mean, "mean", {kAny});
            return Normalizer::from_moments(read_real(count, "count"), means,
                                            read<double>(m2, "m2", {static_cast<py::ssize_t>(means.size())}));
          },
          "count"_a, "mean"_a, "m2"_a);
  py::class_<PolicyShape>(
      m, "PolicyShape",
      "What a policy is, apart from its parameters; see csrc/bierl/core/policy.hpp. Never changes: any "
      "number of threads may use it.")
      .def(py::init(&make_shape), "sizes"_a, "activation"_a, "low"_a, "high"_a, "squash"_a, "noise"_a, "log_std"_a)
      .def_property_readonly("parameter_count", &PolicyShape::parameter_count)
      .def(
          "relative_entropy",
          [](const PolicyShape& shape, const py::object& parameters) {
            const auto count = static_cast<py::ssize_t>(shape.parameter_count());
            return relative_entropy(shape, read<float>(parameters, "parameters", {count}).data());
          },
          "parameters"_a, "Entropy of the action noise over that of the configured log_std, in nats.")
      .def("act", &forward, "normalizer"_a, "parameters"_a, "observation"_a, "action"_a,
           "Write the mean action (A,) for one observation (O,) float64.");
}

}  // namespace bierl::bindings
