// What tasks of one's own are made of: their models, the terms that they may name, and the wrappers of all tasks.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include <bierl/episode/wrappers.hpp>
#include <bierl/mujoco/handles.hpp>
#include <bierl/mujoco/terms/fields.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/rewards.hpp>

#include "bindings.hpp"
#include "scalars.hpp"
#include "task_options.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

py::list terms() {
  py::list rows;
  for (const mujoco::terms::QuantityEntry& entry : mujoco::terms::quantities()) {
    rows.append(
        py::dict("name"_a = entry.name, "help"_a = entry.help, "options"_a = entry.options, "reward_alone"_a = false));
  }
  for (const mujoco::terms::RewardEntry& entry : mujoco::terms::reward_entries()) {
    rows.append(
        py::dict("name"_a = entry.name, "help"_a = entry.help, "options"_a = entry.options, "reward_alone"_a = true));
  }
  return rows;
}

py::list fields() {
  py::list rows;
  for (const mujoco::terms::Field& field : mujoco::terms::fields()) {
    rows.append(py::make_tuple(field.name, field.columns));
  }
  return rows;
}

py::list wrappers() {
  py::list rows;
  for (const WrapperEntry& entry : wrapper_entries()) {
    rows.append(py::dict("name"_a = entry.name, "help"_a = entry.help, "options"_a = entry.options));
  }
  return rows;
}

}  // namespace

void bind_terms(py::module_& m) {
  m.def("terms", &terms, "The terms of tasks of one's own: dicts of name, help, options, reward_alone.");
  m.def("term_fields", &fields, "What compiled terms see: (name, columns) of each array of doubles, in their order.");
  m.def(
      "compiled_term", [](std::uintptr_t address) { return function_option(address); }, "address"_a,
      "The option `function` of a term: a compiled function at this address, of the signature of terms.");
  m.def("wrappers", &wrappers, "The wrappers of native tasks: dicts of name, help, options.");
  m.def(
      "model_hash",
      [](const py::object& path) {
        const std::string file = read_text(path, "model");
        return unlocked([&] { return mujoco::model_hash(mujoco::load_model_as_it_is(file).get()); });
      },
      "path"_a, "16 digits that change with anything in an MJCF or MJB file's model. RuntimeError: no such model.");
}

}  // namespace bierl::bindings
