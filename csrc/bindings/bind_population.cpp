// What a population's rows run, and from which reset.
#include <pybind11/pybind11.h>

#include <bit>
#include <limits>
#include <string>

#include <bierl/core/error.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "population.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

using py::literals::operator""_a;

namespace {

template <typename T>
std::vector<T> copied(const py::object& population, const char* name, py::ssize_t rows) {
  const auto values = read<T>(population.attr(name), name, {rows});
  std::vector<T> all;
  all.reserve(values.size());
  in_parts(values.size(), kBetweenQuestions, [&](std::size_t begin, std::size_t size) {
    const auto part = values.subspan(begin, size);
    all.insert(all.end(), part.begin(), part.end());
  });
  return all;
}

// Every word times an odd number of its place.
std::uint64_t sum_of(std::span<const float> values) {
  std::uint64_t sum = 0;
  in_parts(values.size(), kBetweenQuestions, [&](std::size_t begin, std::size_t size) {
    for (std::size_t i = begin; i < begin + size; ++i)
      sum += std::uint64_t{std::bit_cast<std::uint32_t>(values[i])} * static_cast<std::uint32_t>(2 * i + 1);
  });
  return sum;
}

// Throws unless it looks like a population; gives its base vectors.
py::object bases_of(const py::object& population) {
  for (const char* const name : {"base_bp", "scale_bp", "base_r", "sigma_r", "noise_r", "sign_r", "episode_r", "key"})
    if (!py::hasattr(population, name))
      throw py::type_error("population must be a bierl_fast.Population, got " +
                           std::string(py::str(py::type::of(population).attr("__name__"))));
  return population.attr("base_bp");
}

py::ssize_t parameters_of(const py::object& population) { return dimension(bases_of(population), "base_bp", 1); }

}  // namespace

HeldPopulation::HeldPopulation(const py::object& population, py::ssize_t parameters)
    : bases_(bases_of(population)), scales_(population.attr("scale_bp")) {
  const py::ssize_t count = dimension(bases_, "base_bp", 0);
  const py::object base = population.attr("base_r");
  const py::ssize_t rows = dimension(base, "base_r", 0);
  view_.key = read_key(population.attr("key"));
  view_.bases = read<float>(bases_, "base_bp", {count, parameters});
  if (!scales_.is_none()) view_.scales = read<float>(scales_, "scale_bp", {count, parameters});
  const StopScope scope(&no_signal);  // rows may be many
  view_.base = base_ = copied<std::int32_t>(population, "base_r", rows);
  view_.sigma = sigma_ = copied<float>(population, "sigma_r", rows);
  view_.noise = noise_ = copied<std::int32_t>(population, "noise_r", rows);
  view_.sign = sign_ = copied<std::int8_t>(population, "sign_r", rows);
  view_.episode = episode_ = copied<std::int32_t>(population, "episode_r", rows);
}

std::uint64_t HeldPopulation::sum() const { return sum_of(view_.bases) + 3 * sum_of(view_.scales); }

void bind_population(py::module_& m) {
  m.def(
      "row_parameters",
      [](const py::object& population, const py::object& number, const py::object& out) {
        const auto row = read_integer(number, "row", std::numeric_limits<std::int64_t>::min());
        const py::ssize_t parameters = parameters_of(population);
        const HeldPopulation held(population, parameters);
        unlocked([&] { held.view().check(static_cast<std::size_t>(parameters)); });
        require(row >= 0 && row < static_cast<std::int64_t>(held.rows()),
                "row " + std::to_string(row) + " of a population of " + std::to_string(held.rows()));
        const auto target = write<float>(out, "out", {parameters});
        unlocked([&] { row_parameters(held.view(), static_cast<std::size_t>(row), target); });
      },
      "population"_a, "row"_a, "out"_a, "Write the parameters (P,) that a row runs into out.");
  m.def(
      "population_parameters",
      [](const py::object& population, const py::object& first, const py::object& out, const py::object& pool) {
        ThreadPool* const threads = read_pool(pool);
        const auto begin = read_integer<std::size_t>(first, "first");
        const py::ssize_t parameters = parameters_of(population);
        const HeldPopulation held(population, parameters);
        unlocked([&] { held.view().check(static_cast<std::size_t>(parameters)); });
        const auto target = write<float>(out, "out", {kAny, parameters});
        unlocked(
            [&] { population_parameters(held.view(), begin, static_cast<std::size_t>(parameters), target, threads); });
      },
      "population"_a, "first"_a, "out"_a, "pool"_a = py::none(),
      "Write the parameters of the rows from `first` on into out (k, P).");
  m.def(
      "population_sum",
      [](const py::object& population) {
        const HeldPopulation held(population, parameters_of(population));
        return unlocked([&] { return held.sum(); });
      },
      "population"_a, "A number that tells whether base_bp or scale_bp changed since it was last asked for.");
  m.def(
      "reset_seed",
      [](const py::object& key, const py::object& episode) {
        return reset_seed(read_key(key), read_integer<std::int32_t>(episode, "episode"));
      },
      "key"_a, "episode"_a, "The seed of an episode's reset, below 2**63.");
}

}  // namespace bierl::bindings
