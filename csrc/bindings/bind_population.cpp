// What a population's rows run, and from which reset.
#include <pybind11/pybind11.h>

#include <string>

#include <bierl/core/error.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "population.hpp"

namespace bierl::bindings {

using py::literals::operator""_a;

PopulationView view_population(const py::object& population, py::ssize_t parameters) {
  PopulationView view;
  const py::object bases = population.attr("base_bp"), scales = population.attr("scale_bp");
  const py::ssize_t count = dimension(bases, "base_bp", 0);
  const py::ssize_t rows = dimension(population.attr("base_r"), "base_r", 0);
  view.key = read_key(population.attr("key"));
  view.bases = read<float>(bases, "base_bp", {count, parameters});
  if (!scales.is_none()) view.scales = read<float>(scales, "scale_bp", {count, parameters});
  view.base = read<std::int32_t>(population.attr("base_r"), "base_r", {rows});
  view.sigma = read<float>(population.attr("sigma_r"), "sigma_r", {rows});
  view.noise = read<std::int32_t>(population.attr("noise_r"), "noise_r", {rows});
  view.sign = read<std::int8_t>(population.attr("sign_r"), "sign_r", {rows});
  view.episode = read<std::int32_t>(population.attr("episode_r"), "episode_r", {rows});
  return view;
}

void bind_population(py::module_& m) {
  m.def(
      "row_parameters",
      [](const py::object& population, std::int64_t row, const py::object& out) {
        const py::ssize_t parameters = dimension(population.attr("base_bp"), "base_bp", 1);
        const PopulationView view = view_population(population, parameters);
        view.check(static_cast<std::size_t>(parameters));
        require(row >= 0 && row < static_cast<std::int64_t>(view.rows()),
                "row " + std::to_string(row) + " of a population of " + std::to_string(view.rows()));
        const auto target = write<float>(out, "out", {parameters});
        const py::gil_scoped_release nogil;
        row_parameters(view, static_cast<std::size_t>(row), target);
      },
      "population"_a, "row"_a, "out"_a, "Write the parameters (P,) that a row runs into out.");
  m.def(
      "population_parameters",
      [](const py::object& population, std::size_t first, const py::object& out, ThreadPool* pool) {
        const py::ssize_t parameters = dimension(population.attr("base_bp"), "base_bp", 1);
        const PopulationView view = view_population(population, parameters);
        view.check(static_cast<std::size_t>(parameters));
        const auto target = write<float>(out, "out", {kAny, parameters});
        const py::gil_scoped_release nogil;
        population_parameters(view, first, static_cast<std::size_t>(parameters), target, pool);
      },
      "population"_a, "first"_a, "out"_a, "pool"_a = nullptr,
      "Write the parameters of the rows from `first` on into out (k, P).");
  m.def(
      "reset_seed", [](const py::object& key, std::int32_t episode) { return reset_seed(read_key(key), episode); },
      "key"_a, "episode"_a, "The seed of an episode's reset, below 2**63.");
}

}  // namespace bierl::bindings
