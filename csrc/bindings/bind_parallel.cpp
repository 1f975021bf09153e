// The pool of threads that kernels share, and the lock of what Python threads share.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>

#include <bierl/core/parallel.hpp>
#include <bierl/core/turn.hpp>

#include "bindings.hpp"
#include "scalars.hpp"
#include "unlocked.hpp"

namespace bierl::bindings {

namespace py = pybind11;
using py::literals::operator""_a;

namespace {

constexpr int kMostThreads = 1 << 20;  // far more than any system starts

// `with turn:`. Taken in one call that no signal handler can run within, unlike a lock and a note of who holds it.
class NamedTurn {
 public:
  explicit NamedTurn(std::string what) : what_(std::move(what)) {}
  void enter() {
    if (turn_.take_at_once()) return;
    unlocked([&] { turn_.take(what_); });
  }
  void exit(const py::args&) { turn_.pass_on(); }
  [[nodiscard]] bool mine() const { return turn_.mine(); }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  Turn turn_;
  std::string what_;
};

}  // namespace

void bind_parallel(py::module_& m) {
  py::class_<ThreadPool>(m, "ThreadPool",
                         "A persistent pool of threads for kernels that share out their work. Any number of threads "
                         "may use it: they take turns. In a forked child it is an error, and freeing it is fine.")
      .def(py::init([](const py::object& threads) {
             return std::make_unique<ThreadPool>(read_integer(threads, "threads", 1, kMostThreads));
           }),
           "threads"_a)
      .def_property_readonly("threads", &ThreadPool::threads);
  py::class_<NamedTurn>(m, "Turn",
                        "A lock for `with`. An error instead of waiting for ever: in a signal handler of the thread "
                        "that holds it, and in a process forked while another thread held it.")
      .def(py::init<std::string>(), "what"_a)
      .def("__enter__", &NamedTurn::enter)
      .def("__exit__", &NamedTurn::exit)
      .def_property_readonly("mine", &NamedTurn::mine, "Whether this thread holds it.")
      .def(py::pickle([](const NamedTurn& turn) { return turn.what(); },
                      [](std::string what) { return std::make_unique<NamedTurn>(std::move(what)); }));
}

}  // namespace bierl::bindings
