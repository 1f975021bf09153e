// From fitness to update weights.
#include <pybind11/pybind11.h>

#include <bierl/core/shaping.hpp>

#include "arrays.hpp"
#include "bindings.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

using Shaping = void (*)(Fitness, Failed, std::span<float>);

void bind_one(py::module_& m, const char* name, Shaping shaping) {
  m.def(
      name,
      [shaping](const py::object& fitness, const py::object& failed, const py::object& out) {
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        unlocked([&] { shaping(value, flag, target); });
      },
      "fitness"_a, "failed"_a, "out"_a, "Write update weights (N,) into out; see csrc/bierl/core/shaping.hpp.");
}

}  // namespace

void bind_shaping(py::module_& m) {
  m.def(
      "log_rank_utilities",
      [](const py::object& fitness, const py::object& failed, const py::object& out, const py::object& full,
         const py::object& best_of_ties) {
        const LogRank form{read_flag(full, "full"), read_flag(best_of_ties, "best_of_ties") ? Ties::best : Ties::share};
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        unlocked([&] { log_rank_utilities(value, flag, target, form); });
      },
      "fitness"_a, "failed"_a, "out"_a, "full"_a = false, "best_of_ties"_a = false,
      "Write log-rank utilities (N,) into out; see csrc/bierl/core/shaping.hpp.");
  bind_one(m, "centered_rank_utilities", &centered_rank_utilities);
  bind_one(m, "raw_weights", &raw_weights);
  m.def(
      "standardized_weights",
      [](const py::object& fitness, const py::object& failed, const py::object& top, const py::object& out) {
        const auto kept = read_integer<std::size_t>(top, "top");
        const auto value = read<double>(fitness, "fitness", {kAny});
        const auto length = static_cast<py::ssize_t>(value.size());
        const auto flag = read<bool>(failed, "failed", {length});
        const auto target = write<float>(out, "out", {length});
        unlocked([&] { standardized_weights(value, flag, kept, target); });
      },
      "fitness"_a, "failed"_a, "top"_a, "out"_a, "Write ARS weights (N,) into out; see csrc/bierl/core/shaping.hpp.");
}

}  // namespace bierl::bindings
