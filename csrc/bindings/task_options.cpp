#include "task_options.hpp"

#include "scalars.hpp"

#include <cstring>
#include <optional>

namespace bierl::bindings {
namespace {

constexpr const char* kFunction = "bierl.function";  // of capsules, which no file can hold

bool is_bool(const py::handle& value) {
  // By name, because numpy need not be imported to look at a value that is not NumPy's.
  const char* type = Py_TYPE(value.ptr())->tp_name;
  return PyBool_Check(value.ptr()) || std::strcmp(type, "numpy.bool") == 0 || std::strcmp(type, "numpy.bool_") == 0;
}

bool is_number(const py::handle& value) {
  PyObject* object = value.ptr();
  if (is_bool(value) || PySequence_Check(object)) return false;
  return PyIndex_Check(object) || PyFloat_Check(object) ||
         (PyNumber_Check(object) && std::strncmp(Py_TYPE(object)->tp_name, "numpy.float", 11) == 0);
}

// A list, a tuple, or an array with dimensions: what else has elements may raise where it is asked, or never end.
bool is_list(const py::handle& value) {
  PyObject* object = value.ptr();
  if (PyList_Check(object) || PyTuple_Check(object)) return true;
  if (PyBytes_Check(object) || PyByteArray_Check(object) || !PyObject_CheckBuffer(object)) return false;
  const bool sized = PySequence_Size(object) >= 0;
  PyErr_Clear();
  return sized;
}

std::optional<std::int64_t> as_integer(const py::handle& value) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) throw py::error_already_set();
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<OptionValue> as_pair(const py::handle& value) {
  if (!is_list(value)) return std::nullopt;
  const auto sequence = py::reinterpret_borrow<py::sequence>(value);
  if (py::len_hint(sequence) != 2) return std::nullopt;
  std::array<double, 2> pair{};
  for (std::size_t i = 0; i < 2; ++i) {
    const py::object item = sequence[i];
    if (!is_number(item)) return std::nullopt;
    pair[i] = py::float_(item).cast<double>();
  }
  return OptionValue(pair);
}

OptionValue read_option(const py::handle& value);

std::optional<OptionValue> as_list(const py::handle& value) {
  if (!is_list(value)) return std::nullopt;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  std::vector<OptionTable> tables;
  const auto sequence = py::reinterpret_borrow<py::sequence>(value);
  for (const auto& item : sequence) {
    if (is_number(item)) {
      numbers.push_back(py::float_(py::reinterpret_borrow<py::object>(item)).cast<double>());
    } else if (PyUnicode_Check(item.ptr())) {
      texts.push_back(read_text(py::reinterpret_borrow<py::object>(item), "a task's keyword"));
    } else if (PyDict_Check(item.ptr())) {
      tables.push_back({read_options(py::reinterpret_borrow<py::dict>(item))});
    } else {
      return std::nullopt;
    }
  }
  const std::size_t size = py::len_hint(sequence);
  if (tables.size() == size && size > 0) return tables;
  if (texts.size() == size && size > 0) return texts;
  if (numbers.size() == size) return numbers;
  return std::nullopt;
}

OptionValue read_option(const py::handle& value) {
  if (PyCapsule_IsValid(value.ptr(), kFunction) != 0) {
    return FunctionAddress{reinterpret_cast<void (*)()>(PyCapsule_GetPointer(value.ptr(), kFunction))};
  }
  if (is_bool(value)) return PyObject_IsTrue(value.ptr()) == 1;
  if (PyUnicode_Check(value.ptr())) return read_text(py::reinterpret_borrow<py::object>(value), "a task's keyword");
  if (is_number(value)) {
    if (!PyIndex_Check(value.ptr())) return py::float_(py::reinterpret_borrow<py::object>(value)).cast<double>();
    if (const auto integer = as_integer(value)) return *integer;
  }
  if (const auto pair = as_pair(value)) return *pair;
  if (const auto list = as_list(value)) return *list;
  const auto text = py::reinterpret_steal<py::object>(PyObject_ASCII(value.ptr()));
  PyErr_Clear();
  return text ? text.cast<std::string>() : "<" + std::string(Py_TYPE(value.ptr())->tp_name) + ">";
}

}  // namespace

py::capsule function_option(std::uintptr_t address) {
  return py::capsule(reinterpret_cast<void*>(address), kFunction);  // NOLINT(performance-no-int-to-ptr)
}

TaskOptions read_options(const py::dict& keywords) {
  TaskOptions options;
  for (const auto& [name, value] : keywords)
    options[read_text(py::reinterpret_borrow<py::object>(name), "a task's keyword")] = read_option(value);
  return options;
}

}  // namespace bierl::bindings
