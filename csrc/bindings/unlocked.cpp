#include "unlocked.hpp"

#include <chrono>
#include <exception>
#include <thread>

namespace py = pybind11;

namespace bierl::bindings {

namespace {

[[noreturn]] void stand_still() {
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

bool ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

}  // namespace

bool no_signal() {
  if (ending()) return false;
  try {
    const py::gil_scoped_acquire gil;
    return PyErr_Occurred() == nullptr && PyErr_CheckSignals() == 0;
  } catch (const std::exception&) {
    throw;
  } catch (...) {  // Python ended meanwhile and unwinds this thread
    stand_still();
  }
}

Unlocked::~Unlocked() {
  try {
    PyEval_RestoreThread(state_);
  } catch (...) {  // Python has ended and unwinds this thread; leaving the handler would end the process
    stand_still();
  }
}

}  // namespace bierl::bindings
