// The task table and EnvCore, which bierl_fast/native_env.py dresses as a gymnasium.Env.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/handles.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "native_tasks.hpp"
#include "scalars.hpp"
#include "task_options.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

py::list table_rows() {
  py::list rows;
  for (const NativeTask& task : native_tasks()) {
    rows.append(py::dict("id"_a = task.id, "engine"_a = task.engine, "model_file"_a = task.model_file,
                         "max_episode_steps"_a = task.max_episode_steps, "reward_threshold"_a = task.reward_threshold,
                         "keywords"_a = task.keywords));
  }
  return rows;
}

py::dict info_dict(const EnvCore& env) {
  const auto [fields, values] = [&env] {
    return unlocked([&] { return env.info(); });  // another thread may be in the middle of a step
  }();
  py::dict info;
  const double* value = values.data();
  for (const InfoField& field : fields) {
    const py::str name(field.name);
    if (field.scalar) {
      info[name] = *value;
    } else {
      info[name] = py::array_t<double>(field.size, value);
    }
    value += field.size;
  }
  return info;
}

std::unique_ptr<EnvCore> make_env(const py::object& task, const std::string& assets, const py::dict& options,
                                  const py::object& max_episode_steps) {
  const std::string id = read_text(task, "id");
  std::optional<int> limit;
  if (!max_episode_steps.is_none()) limit = read_integer(max_episode_steps, "max_episode_steps", 1);
  const TaskOptions read = read_options(options);
  return unlocked([&] {
    check_native_task(id, read);  // before the model is read, which takes milliseconds
    return std::make_unique<EnvCore>(native_task_factory(id, read, assets, limit));
  });
}

void env_reset(EnvCore& env, const py::object& seed, const py::object& observation) {
  std::optional<std::uint64_t> from;
  if (!seed.is_none()) from = read_integer<std::uint64_t>(seed, "seed");
  const auto out = write<double>(observation, "observation", {kAny});
  unlocked([&] {
    if (from) env.seed(*from);
    env.reset(out);
  });
}

py::tuple env_step(EnvCore& env, const py::object& action, const py::object& observation) {
  const auto in = read<float>(action, "action", {kAny});
  const auto out = write<double>(observation, "observation", {kAny});
  const EnvStep step = unlocked([&] { return env.step(in, out); });
  return py::make_tuple(step.reward, step.terminated, step.truncated);
}

}  // namespace

void bind_env(py::module_& m) {
  m.def("task_table", &table_rows,
        "The native tasks: dicts of id, engine, model_file ('': none), max_episode_steps, reward_threshold (None: "
        "none), keywords.");
  m.def("is_native", &is_native_task, "id"_a, "Whether the task table has this Gymnasium id.");
  m.def(
      "check_task",
      [](const py::object& id, const py::dict& options) {
        check_native_task(read_text(id, "id"), read_options(options));
      },
      "id"_a, "options"_a, "Raise ValueError, with the nearest name, unless the id and its options are right.");
  m.def("require_matching_mujoco", &mujoco::require_matching_mujoco,
        "Raise RuntimeError unless the loaded MuJoCo is the version this was compiled with.");

  py::class_<NumpyRandom>(
      m, "NumpyRandom",
      "numpy.random.default_rng(seed), as the tasks' resets draw from it. Any number of threads may call: "
      "each draw is one whole call.")
      .def(py::init<std::uint64_t>(), "seed"_a)
      .def("uniform", &NumpyRandom::uniform, "low"_a, "high"_a)
      .def("integers", &NumpyRandom::integers, "low"_a, "high"_a)
      .def("random", &NumpyRandom::random)
      .def("standard_normal", &NumpyRandom::standard_normal)
      .def("next_uint64", &NumpyRandom::next_uint64);

  py::class_<EnvCore>(
      m, "EnvCore",
      "One native environment; see bierl_fast.NativeEnv for the gymnasium.Env. Any number of threads may "
      "call: they take turns.")
      .def(py::init(&make_env), "id"_a, "assets"_a, "options"_a, "max_episode_steps"_a = py::none(),
           "assets: Gymnasium's folder of model files, or Box2D's compiled module. options: Gymnasium's keyword "
           "arguments of the task.")
      .def("reset", &env_reset, "seed"_a, "observation"_a,
           "Start an episode; seed None continues the generator. observation: (O,) float64, written.")
      .def("step", &env_step, "action"_a, "observation"_a,
           "(reward, terminated, truncated). action: (A,) float32; observation: (O,) float64, written.")
      .def("info", &info_dict, "Gymnasium's info of the last reset or step.")
      .def(
          "saved_model",
          [](const EnvCore& env) {
            const auto bytes = unlocked([&env] { return env.saved_model(); });
            return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          },
          "MuJoCo's model as an MJB file has it; empty: the task draws no pictures.")
      .def(
          "copy_state",
          [](const EnvCore& env, std::uintptr_t data) {
            unlocked([&] { env.copy_state(reinterpret_cast<void*>(data)); });  // NOLINT(performance-no-int-to-ptr)
          },
          "data"_a, "Copy the state to the mjData at this address, which is of the same model.")
      .def_property_readonly("observation_size", &EnvCore::observation_size)
      .def_property_readonly("action_size", &EnvCore::action_size)
      .def_property_readonly("action_bounds", &EnvCore::action_bounds,
                             "low, high, low, high, ... of the controls, 2 * action_size numbers.")
      .def_property_readonly("discrete_actions", &EnvCore::discrete_actions,
                             "How many actions there are to choose from; 0 where actions are numbers.")
      .def_property_readonly("observation_bounds", &EnvCore::observation_bounds,
                             "low, high, low, high, ... of single-precision observations; empty: doubles, unbounded.")
      .def_property_readonly("control_timestep", &EnvCore::control_timestep, "Seconds in one step.")
      .def_property_readonly("max_episode_steps", &EnvCore::max_episode_steps)
      .def_property_readonly("elapsed_steps", waiting(&EnvCore::elapsed_steps))
      .def_property_readonly("has_root_position", waiting(&EnvCore::has_root_position),
                             "Whether the behavior descriptor final_position exists.")
      .def_property_readonly("diverged", waiting(&EnvCore::diverged), "The simulation went bad since reset.");
}

}  // namespace bierl::bindings
