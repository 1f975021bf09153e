// C++ errors become Python errors here and nowhere else.
#include <pybind11/pybind11.h>

#include <bierl/core/error.hpp>

#include "bindings.hpp"

namespace bierl::bindings {

namespace py = pybind11;

void bind_errors(py::module_& m) {
  static py::handle simulation_error =
      py::exception<SimulationError>(m, "SimulationError", PyExc_RuntimeError).release();
  // NOLINTNEXTLINE(performance-unnecessary-value-param): pybind11 asks for this signature.
  py::register_exception_translator([](std::exception_ptr pointer) {
    if (!pointer) return;
    try {
      std::rethrow_exception(pointer);
    } catch (const ArgumentError& error) {
      py::set_error(PyExc_ValueError, error.what());
    } catch (const SimulationError& error) {
      py::set_error(simulation_error, error.what());
    } catch (const Interrupted&) {
      // The signal handler has set the error already, KeyboardInterrupt as a rule.
      if (PyErr_Occurred() == nullptr) py::set_error(PyExc_KeyboardInterrupt, "");
    }
  });
}

}  // namespace bierl::bindings
