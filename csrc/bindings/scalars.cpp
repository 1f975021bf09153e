#include "scalars.hpp"

#include <cmath>
#include <cstring>
#include <string>

namespace bierl::bindings {

namespace {

std::string type_name(const py::object& object) { return py::str(py::type::of(object).attr("__name__")); }

// Of NumPy's scalars by name, as numpy need not be imported to look at a value that is not NumPy's.
bool is_bool(const py::object& object) {
  const char* const type = Py_TYPE(object.ptr())->tp_name;
  return PyBool_Check(object.ptr()) || std::strcmp(type, "numpy.bool") == 0 || std::strcmp(type, "numpy.bool_") == 0;
}

// An integer as Python's own; null for what is none. Every array has an __index__, and most of them refuse.
py::object as_integer(const py::object& object) {
  if (!PyIndex_Check(object.ptr()) || is_bool(object)) return {};
  auto index = py::reinterpret_steal<py::object>(PyNumber_Index(object.ptr()));
  PyErr_Clear();
  return index;
}

bool is_real(const py::object& object) {
  return PyFloat_Check(object.ptr()) || std::strncmp(Py_TYPE(object.ptr())->tp_name, "numpy.float", 11) == 0 ||
         as_integer(object);
}

// What came, in a few words: an integer may have more digits than Python writes out.
std::string shown(const py::object& object) {
  const auto text = py::reinterpret_steal<py::object>(PyObject_Repr(object.ptr()));
  PyErr_Clear();
  if (!text || py::len(text) > 60) return "one of very many digits";
  return text.cast<std::string>();
}

[[noreturn]] void refuse_type(const char* name, const std::string& wanted, const py::object& object) {
  throw py::type_error(std::string(name) + " must be " + wanted + ", got " + type_name(object));
}

}  // namespace

std::uint64_t integer_bits(const py::object& object, const char* name, std::int64_t least, std::uint64_t most) {
  const auto wanted = [&] { return "an integer in [" + std::to_string(least) + ", " + std::to_string(most) + "]"; };
  const py::object index = as_integer(object);
  if (!index) refuse_type(name, wanted(), object);
  int beyond = 0;
  const long long value = PyLong_AsLongLongAndOverflow(index.ptr(), &beyond);
  auto bits = static_cast<std::uint64_t>(value);
  bool inside = beyond == 0 && value >= least && (value < 0 || bits <= most);
  if (beyond > 0) {
    bits = PyLong_AsUnsignedLongLong(index.ptr());
    inside = PyErr_Occurred() == nullptr && bits <= most;
    PyErr_Clear();
  }
  if (!inside) throw py::value_error(std::string(name) + " must be " + wanted() + ", got " + shown(index));
  return bits;
}

double read_real(const py::object& object, const char* name) {
  if (!is_real(object)) refuse_type(name, "a number", object);
  const double value = PyFloat_AsDouble(object.ptr());
  if (PyErr_Occurred() == nullptr) return value;
  PyErr_Clear();
  throw py::value_error(std::string(name) + " must be a number below 1.8e308 in magnitude, got a larger integer");
}

float read_float(const py::object& object, const char* name) {
  const double value = read_real(object, name);
  if (!(std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max())))
    throw py::value_error(std::string(name) + " must be finite and at most 3.4e38 in magnitude, as single precision " +
                          "ends there; got " + shown(py::float_(value)));
  return static_cast<float>(value);
}

bool read_flag(const py::object& object, const char* name) {
  if (!is_bool(object)) refuse_type(name, "True or False", object);
  return PyObject_IsTrue(object.ptr()) == 1;
}

std::string read_text(const py::object& object, const char* name) {
  if (!PyUnicode_Check(object.ptr())) refuse_type(name, "a str", object);
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(object.ptr(), &size);
  if (text != nullptr) return {text, static_cast<std::size_t>(size)};
  PyErr_Clear();
  throw py::value_error(std::string(name) + " holds half a surrogate pair, which no text in UTF-8 has");
}

ThreadPool* read_pool(const py::object& object) {
  if (object.is_none()) return nullptr;
  if (!py::isinstance<ThreadPool>(object)) refuse_type("pool", "a bierl_fast.kernels.ThreadPool or None", object);
  return object.cast<ThreadPool*>();
}

}  // namespace bierl::bindings
