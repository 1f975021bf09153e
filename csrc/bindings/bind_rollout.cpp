// Whole-episode rollouts.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>

#include <bierl/core/names.hpp>
#include <bierl/core/replay.hpp>
#include <bierl/episode/rollout.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "native_tasks.hpp"
#include "population.hpp"
#include "task_options.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

std::unique_ptr<Rollout> make_rollout(const std::string& task, const py::dict& options, const std::string& assets,
                                      const PolicyShape& shape, int max_steps, const std::string& behavior, int threads,
                                      bool transitions) {
  const TaskOptions read = read_options(options);
  const Rollout::Settings settings{shape, max_steps, named<Behavior>(behavior), transitions, threads};
  return unlocked([&] { return std::make_unique<Rollout>(native_task_factory(task, read, assets), settings); });
}

// The arrays of one evaluation, made here and handed to Python as one dict.
struct Outputs {
  Outputs(const Rollout& rollout, py::ssize_t rows, bool moments, bool recorded)
      : returns(rows),
        lengths(rows),
        failed(rows),
        entropy(rows),
        count(moments ? rows : 0),
        transitions(recorded ? static_cast<std::size_t>(rows) : 0) {
    const auto& settings = rollout.settings();
    const auto observations = static_cast<py::ssize_t>(settings.shape.observations());
    mean = zeros(moments ? rows : 0, observations);
    m2 = zeros(moments ? rows : 0, observations);
    behavior = zeros(rows, static_cast<py::ssize_t>(behavior_size(settings.behavior, settings.shape)));
    std::fill_n(count.mutable_data(), count.size(), 0.0);
    width = TransitionShape{settings.shape.observations(), settings.shape.actions()}.width();
  }

  RowResults views() {
    return {span_of(returns), span_of(lengths),  span_of(failed),  span_of(count), span_of(mean),
            span_of(m2),      span_of(behavior), span_of(entropy), transitions};
  }

  py::dict as_dict() const {
    return py::dict("returns_r"_a = returns, "lengths_r"_a = lengths, "failed_r"_a = failed, "entropy_r"_a = entropy,
                    "behaviour_rd"_a = behavior, "count_r"_a = count, "mean_ro"_a = mean, "m2_ro"_a = m2,
                    "transitions_tw"_a = joined());
  }

  py::array_t<double> returns;
  py::array_t<std::int32_t> lengths;
  py::array_t<bool> failed;
  py::array_t<double> entropy, count, mean, m2, behavior;
  std::vector<std::vector<float>> transitions;
  std::size_t width = 0;

 private:
  // Every row's transitions, one row after another.
  py::array_t<float> joined() const {
    std::size_t total = 0;
    for (const auto& row : transitions) total += row.size();
    py::array_t<float> array({total / width, width});
    float* to = array.mutable_data();
    unlocked([&] {
      Pace pace;
      for (const auto& row : transitions) {
        to = std::copy(row.begin(), row.end(), to);
        pace.did(row.size());
      }
    });
    return array;
  }
  static py::array_t<double> zeros(py::ssize_t rows, py::ssize_t columns) {
    py::array_t<double> array({rows, columns});
    const std::span<double> all = span_of(array);
    unlocked([&] { each_in_parts(all.size(), [&](std::size_t i) { all[i] = 0.0; }); });
    return array;
  }
  template <typename T>
  static std::span<T> span_of(py::array_t<T>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
  }
};

py::dict evaluate(Rollout& self, const py::object& population, const Normalizer& normalizer, const py::object& order,
                  int max_steps, bool explore, bool moments, bool transitions) {
  const auto parameters = static_cast<py::ssize_t>(self.settings().shape.parameter_count());
  const HeldPopulation held(population, parameters);
  const auto rows = static_cast<py::ssize_t>(held.rows());
  const auto first = read<std::int32_t>(order, "order", {rows});
  Outputs outputs(self, rows, moments, transitions);
  const RowResults results = outputs.views();
  held.unlocked([&](const PopulationView& view) {
    self.evaluate(view, normalizer, first, explore, results, &no_signal, max_steps);
  });
  return outputs.as_dict();
}

}  // namespace

void bind_rollout(py::module_& m) {
  py::class_<Rollout>(m, "Rollout",
                      "Whole episodes of one native task on a pool of threads; see csrc/bierl/episode/rollout.hpp. Any "
                      "number of threads may call: they take turns.")
      .def(py::init(&make_rollout), "task"_a, "options"_a, "assets"_a, "shape"_a, "max_steps"_a, "behavior"_a,
           "threads"_a, "transitions"_a = false)
      .def("evaluate", &evaluate, "population"_a, "normalizer"_a, "order"_a, "max_steps"_a, "explore"_a, "moments"_a,
           "transitions"_a = false, "Run one episode for each row; a dict of arrays, one entry for each row.")
      .def("complaint", &Rollout::complaint,
           "What made the first row fail that did so by no fault of the simulator's; '' from the second call on.");
}

}  // namespace bierl::bindings
