// EpisodeActor: what an episode does around its environment, for environments that are not ours.
#include <pybind11/pybind11.h>

#include <cmath>
#include <string>

#include <bierl/core/actor.hpp>
#include <bierl/core/error.hpp>
#include <bierl/core/names.hpp>

#include "arrays.hpp"
#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

template <typename T>
bool finite(std::span<const T> values) {
  for (const T value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

// An Actor with its scratch, and the arrays it works on kept alive between calls.
class EpisodeActor {
 public:
  EpisodeActor(const PolicyShape& shape, const std::string& behavior)
      : shape_(shape), behavior_(named<Behavior>(behavior)), memory_(shape_) {
    require(behavior_ != Behavior::final_position, "an environment of Python's has no final_position");
    actor_.shape = &shape_;
    actor_.behavior = behavior_;
    actor_.memory = &memory_;
  }
  EpisodeActor(const EpisodeActor&) = delete;
  EpisodeActor& operator=(const EpisodeActor&) = delete;

  void begin(const Normalizer& normalizer, const py::object& parameters, const py::object& key, std::uint32_t row,
             bool explore, const py::object& moments, const py::object& descriptor, const py::object& transitions) {
    normalizer.check(shape_.observations());
    normalizer_ = normalizer;
    actor_.normalizer = &normalizer_;
    parameters_ = parameters;
    actor_.parameters = nullptr;
    if (!parameters.is_none())
      actor_.parameters = read<float>(parameters, "parameters", {length(shape_.parameter_count())}).data();
    require(actor_.parameters != nullptr || shape_.noise != ActionNoise::evolved,
            "evolved action noise needs the compiled policy's parameters");
    actor_.action_key = read_key(key).with(Purpose::action);
    actor_.action_row = row;
    actor_.noisy = explore && shape_.noise != ActionNoise::none;
    actor_.moments = {};
    moments_ = moments;
    if (!moments.is_none()) {
      const auto parts = moments.cast<py::tuple>();
      require_size("moments", parts.size(), 3, "count, mean and m2");
      const py::ssize_t observations = length(shape_.observations());
      actor_.moments = {write<double>(parts[0], "count", {1}).data(), write<double>(parts[1], "mean", {observations}),
                        write<double>(parts[2], "m2", {observations})};
    }
    descriptor_ = descriptor;
    actor_.descriptor = nullptr;
    if (!descriptor.is_none())
      actor_.descriptor = write<double>(descriptor, "descriptor", {length(behavior_size(behavior_, shape_))}).data();
    transitions_ = transitions;
    actor_.recorder = {nullptr, {shape_.observations(), shape_.actions()}};
    if (!transitions.is_none()) {
      const std::size_t width = actor_.recorder.shape.width();
      const auto records = write<float>(transitions, "transitions", {kAny, length(width)});
      actor_.recorder.records = records.data();
      room_ = records.size() / width;
    }
    actor_.begin();
  }

  bool act(const py::object& observation, const py::object& action) {
    const auto seen = read_observation(observation);
    const auto answer = write<float>(action, "action", {length(shape_.actions())});
    require_room();
    require(actor_.parameters != nullptr, "act needs the compiled policy's parameters; use observe and respond");
    actor_.act(seen.data(), answer.data());
    return finite(seen) && finite<float>(answer);
  }

  bool observe(const py::object& observation, const py::object& input) const {
    const auto seen = read_observation(observation);
    const auto into = write<float>(input, "input", {length(shape_.observations())});
    require_room();
    actor_.observe(seen.data(), into.data());
    return finite(seen);
  }

  bool respond(const py::object& action) {
    const auto answer = write<float>(action, "action", {length(shape_.actions())});
    require_begun();
    require_room();
    actor_.respond(answer.data());
    return finite<float>(answer);
  }

  void answered(double reward, bool terminated) const {
    require(actor_.step > 0, "act first: there is no action yet to answer to");
    actor_.answered(reward, terminated);
  }

  bool finish(const py::object& observation) const {
    const auto seen = read_observation(observation);
    actor_.finish(seen.data());
    return finite(seen);
  }

 private:
  static py::ssize_t length(std::size_t size) { return static_cast<py::ssize_t>(size); }
  void require_begun() const { require(actor_.normalizer != nullptr, "begin an episode first"); }
  void require_room() const {
    require(actor_.recorder.records == nullptr || actor_.step < room_,
            "transitions have room for " + std::to_string(room_) + " steps, and the episode goes on");
  }
  std::span<const double> read_observation(const py::object& observation) const {
    require_begun();
    return read<double>(observation, "observation", {length(shape_.observations())});
  }

  const PolicyShape shape_;
  const Behavior behavior_;
  ActorMemory memory_;
  Normalizer normalizer_;
  Actor actor_;
  std::size_t room_ = 0;  // steps that can be recorded
  py::object parameters_, moments_, descriptor_, transitions_;
};

}  // namespace

void bind_actor(py::module_& m) {
  py::class_<EpisodeActor>(
      m, "EpisodeActor",
      "What an episode does around its environment; see csrc/bierl/core/actor.hpp. The arrays of begin "
      "are kept until the next begin. Every call is whole, but an episode is one thread's: two that share an "
      "actor mix their steps.")
      .def(py::init<const PolicyShape&, const std::string&>(), "shape"_a, "behavior"_a)
      .def("begin", &EpisodeActor::begin, "normalizer"_a, "parameters"_a, "key"_a, "row"_a, "explore"_a, "moments"_a,
           "descriptor"_a, "transitions"_a = py::none(),
           "Start an episode. parameters: (P,) float32, or None for a network that is not ours. row: of the action "
           "noise. moments: (count (1,), mean (O,), m2 (O,)) float64, added to, or None. descriptor: float64, written, "
           "or None. transitions: (steps, W) float32, each step written into its row, or None.")
      .def("act", &EpisodeActor::act, "observation"_a, "action"_a,
           "Write the action (A,) float32 for an observation (O,) float64; whether both are finite.")
      .def("observe", &EpisodeActor::observe, "observation"_a, "input"_a,
           "The first half of act: write the network's input (O,) float32; whether the observation is finite.")
      .def("respond", &EpisodeActor::respond, "action"_a,
           "The second half of act: the network's output (A,) float32 becomes the action, in place; whether finite.")
      .def("answered", &EpisodeActor::answered, "reward"_a, "terminated"_a,
           "What the environment answered to the last action; needed for transitions alone.")
      .def("finish", &EpisodeActor::finish, "observation"_a,
           "Take in the last observation (O,) float64 of the episode; whether it is finite.");
}

}  // namespace bierl::bindings
