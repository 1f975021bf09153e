// The memory of transitions that learners draw from.
#include <pybind11/pybind11.h>

#include <memory>
#include <vector>

#include <bierl/core/replay.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

py::ssize_t width(const ReplayBuffer& buffer) { return static_cast<py::ssize_t>(buffer.shape().width()); }

py::array_t<float> records(const ReplayBuffer& self) {
  auto all = std::make_unique<std::vector<float>>();
  unlocked([&] { *all = self.records(); });
  const py::ssize_t size = static_cast<py::ssize_t>(all->size()) / width(self);
  float* const first = all->data();
  const py::capsule owner(all.release(), [](void* vector) { delete static_cast<std::vector<float>*>(vector); });
  return py::array_t<float>({size, width(self)}, first, owner);
}

void sample(const ReplayBuffer& self, const py::object& key, const py::object& draw, const py::object& observation,
            const py::object& action, const py::object& reward, const py::object& next_observation,
            const py::object& terminated) {
  const NoiseKey at = read_key(key);
  const auto number = read_integer<std::uint32_t>(draw, "draw");
  const auto observations = static_cast<py::ssize_t>(self.shape().observations);
  const auto actions = static_cast<py::ssize_t>(self.shape().actions);
  TransitionBatch out;
  out.reward = write<float>(reward, "reward", {kAny});
  const auto count = static_cast<py::ssize_t>(out.reward.size());
  out.observation = write<float>(observation, "observation", {count, observations});
  out.action = write<float>(action, "action", {count, actions});
  out.next_observation = write<float>(next_observation, "next_observation", {count, observations});
  out.terminated = write<float>(terminated, "terminated", {count});
  unlocked([&] { self.sample(at, number, out); });
}

// The records alone, whatever the capacity.
py::tuple state_of(const ReplayBuffer& self) {
  return py::make_tuple(self.shape().observations, self.shape().actions, self.capacity(), records(self));
}

std::unique_ptr<ReplayBuffer> again(const py::tuple& state) {
  const TransitionShape shape{state[0].cast<std::size_t>(), state[1].cast<std::size_t>()};
  auto buffer = std::make_unique<ReplayBuffer>(shape, state[2].cast<std::size_t>());
  const auto records = state[3].cast<py::array_t<float, py::array::c_style>>();
  buffer->append({records.data(), static_cast<std::size_t>(records.size())});
  return buffer;
}

}  // namespace

void bind_replay(py::module_& m) {
  py::class_<ReplayBuffer>(
      m, "ReplayBuffer",
      "The last transitions of a run; see csrc/bierl/core/replay.hpp. Any number of threads may call: "
      "they take turns.")
      .def(py::init([](const py::object& observations, const py::object& actions, const py::object& capacity) {
             const TransitionShape shape{read_integer<std::size_t>(observations, "observations"),
                                         read_integer<std::size_t>(actions, "actions")};
             return std::make_unique<ReplayBuffer>(shape, read_integer<std::size_t>(capacity, "capacity"));
           }),
           "observations"_a, "actions"_a, "capacity"_a)
      .def_property_readonly("capacity", &ReplayBuffer::capacity)
      .def_property_readonly("width", &width)
      .def("__len__", [](const ReplayBuffer& self) { return unlocked([&] { return self.size(); }); })
      .def(
          "append",
          [](ReplayBuffer& self, const py::object& transitions) {
            const auto source = read<float>(transitions, "transitions", {kAny, width(self)});
            unlocked([&] { self.append(source); });
          },
          "transitions"_a, "Add (T, width) float32, oldest first.")
      .def(
          "clear", [](ReplayBuffer& self) { unlocked([&] { self.clear(); }); }, "Forget everything.")
      .def("records", &records, "(size, width) float32, oldest first; a copy.")
      .def("sample", &sample, "key"_a, "draw"_a, "observation"_a, "action"_a, "reward"_a, "next_observation"_a,
           "terminated"_a, "Write B transitions, drawn uniformly by address, into (B, ...) float32 arrays.")
      .def(py::pickle(&state_of, &again));
  m.def(
      "learner_seed", [](const py::object& key) { return learner_seed(read_key(key)); }, "key"_a,
      "The seed of a learner's own generator at this key, below 2**64.");
}

}  // namespace bierl::bindings
