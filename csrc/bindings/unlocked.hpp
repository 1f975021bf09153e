/// Work without the GIL: other Python threads run meanwhile, and Ctrl-C is heard.
#pragma once

#include <pybind11/pybind11.h>

#include <type_traits>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl::bindings {

/// Answers false, the error indicator set, when a signal such as Ctrl-C came in; false too once Python is ending.
/// Called without the GIL, by the thread that gave it up.
bool no_signal();

/// The GIL is given up while this lives. A thread that would have it back after Python has ended, as a daemon thread
/// may, stands still for good: Python's own way of ending it would run through C++ frames that cannot be left like
/// that, and end the process.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* const state_;
};

/// work() without the GIL; what it calls may ask whether to stop (stopping.hpp). Interrupted where it was told to.
template <class Work>
auto unlocked(const Work& work) {
  const Unlocked released;
  const StopScope scope(&no_signal);
  if constexpr (std::is_void_v<decltype(work())>) {
    work();
    if (scope.stopped()) throw Interrupted();
  } else {
    auto result = work();
    if (scope.stopped()) throw Interrupted();
    return result;
  }
}

/// A getter that waits, without the GIL, for the call that another thread may be in the middle of.
template <typename Class, typename T>
pybind11::cpp_function waiting(T (Class::*getter)() const) {
  return pybind11::cpp_function([getter](const Class& self) { return unlocked([&] { return (self.*getter)(); }); });
}

}  // namespace bierl::bindings
