/// Numbers, flags and pools that Python hands over. pybind11's own conversion answers a wrong one with an error of many
/// lines that names no argument.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <limits>
#include <string>

#include <bierl/core/parallel.hpp>

namespace bierl::bindings {

namespace py = pybind11;

/// The bits of an integer, of Python or NumPy, in [least, most]. TypeError for another type (bool too), ValueError
/// outside.
std::uint64_t integer_bits(const py::object& object, const char* name, std::int64_t least, std::uint64_t most);

/// An integer in [least, most]: without them, one that T holds and that is not negative.
template <typename T>
T read_integer(const py::object& object, const char* name, T least = 0, T most = std::numeric_limits<T>::max()) {
  return static_cast<T>(integer_bits(object, name, static_cast<std::int64_t>(least), static_cast<std::uint64_t>(most)));
}

/// A real number, of Python or NumPy; not finite is fine. TypeError for another type (bool too).
double read_real(const py::object& object, const char* name);

/// A number for single precision: ValueError when it is not finite or does not fit.
float read_float(const py::object& object, const char* name);

/// True or False, of Python or NumPy; TypeError for anything else.
bool read_flag(const py::object& object, const char* name);

/// A str as UTF-8. TypeError for another type, ValueError for a lone surrogate.
std::string read_text(const py::object& object, const char* name);

/// A ThreadPool, null for None; TypeError for anything else.
ThreadPool* read_pool(const py::object& object);

}  // namespace bierl::bindings
