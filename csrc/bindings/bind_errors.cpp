// C++ errors become Python errors here and nowhere else: those of bierl_fast/errors.py.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bierl/core/error.hpp>

#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;

void bind_errors(py::module_&) {
  const py::module_ errors = py::module_::import("bierl_fast.errors");
  // Held for good: an error may be raised until the interpreter ends.
  static const py::handle argument_error = errors.attr("ArgumentError").cast<py::object>().release();
  static const py::handle type_error = errors.attr("ArgumentTypeError").cast<py::object>().release();
  static const py::handle unknown_name =
      py::module_::import("bierl_fast.names").attr("unknown").cast<py::object>().release();
  static const py::handle simulation_error = errors.attr("SimulationError").cast<py::object>().release();
  // Of this module alone: another one's py::value_error is none of ours.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 asks for this signature.
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    if (!pointer) return;
    try {
      std::rethrow_exception(pointer);
    } catch (const UnknownNameError& error) {
      const py::object told = unknown_name(error.kind(), error.name(), error.known());  // in the words of all others
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(told.ptr())), told.ptr());
    } catch (const ArgumentError& error) {
      py::set_error(argument_error, error.what());
    } catch (const py::value_error& error) {
      py::set_error(argument_error, error.what());
    } catch (const py::type_error& error) {
      py::set_error(type_error, error.what());
    } catch (const SimulationError& error) {
      py::set_error(simulation_error, error.what());
    } catch (const Interrupted&) {
      // The signal handler has set the error already, KeyboardInterrupt as a rule.
      if (PyErr_Occurred() == nullptr) py::set_error(PyExc_KeyboardInterrupt, "");
    }
  });
}

}  // namespace bierl::bindings
