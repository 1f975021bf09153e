#include "arrays.hpp"

namespace bierl::bindings {

namespace {

std::string shape_text(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t i = 0; i < array.ndim(); ++i)
    text += std::to_string(array.shape(i)) + (i + 1 < array.ndim() ? ", " : "");
  return text + (array.ndim() == 1 ? ",)" : ")");
}

std::string shape_text(std::initializer_list<py::ssize_t> shape) {
  std::string text = "(";
  for (const py::ssize_t length : shape) text += (length == kAny ? std::string("any") : std::to_string(length)) + ", ";
  text.erase(text.size() - 2);
  return text + (shape.size() == 1 ? ",)" : ")");
}

bool fits(const py::array& array, std::initializer_list<py::ssize_t> shape) {
  if (array.ndim() != static_cast<py::ssize_t>(shape.size())) return false;
  py::ssize_t axis = 0;
  for (const py::ssize_t length : shape) {
    if (length != kAny && array.shape(axis) != length) return false;
    ++axis;
  }
  return true;
}

std::string type_name(const py::object& object) { return py::str(py::type::of(object).attr("__name__")); }

py::array require_array(const py::object& object, const char* name) {
  if (!py::isinstance<py::array>(object))
    throw py::type_error(std::string(name) + " must be a numpy array, got " + type_name(object));
  return py::reinterpret_borrow<py::array>(object);
}

}  // namespace

void check_array(const py::object& object, const char* name, const py::dtype& dtype,
                 std::initializer_list<py::ssize_t> shape, bool writable) {
  const py::array array = require_array(object, name);
  // Put together for an error alone: NumPy takes microseconds to name a dtype.
  const auto wanted = [&] {
    return std::string(name) + " must be a C-contiguous " + std::string(py::str(dtype)) + " array of shape " +
           shape_text(shape);
  };
  if (!array.dtype().is(dtype) && !array.dtype().equal(dtype))
    throw py::type_error(wanted() + ", got dtype " + std::string(py::str(array.dtype())) +
                         "; convert it yourself, nothing is converted silently");
  if (!fits(array, shape)) throw py::value_error(wanted() + ", got shape " + shape_text(array));
  if ((array.flags() & py::array::c_style) == 0)
    throw py::value_error(wanted() + ", got one with other strides; pass np.ascontiguousarray(...)");
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0)
    throw py::value_error(wanted() + ", got one whose memory is not aligned; pass a copy");
  if (writable && !array.writeable()) throw py::value_error(wanted() + " that can be written to, got a read-only one");
}

py::ssize_t dimension(const py::object& object, const char* name, py::ssize_t axis) {
  const py::array array = require_array(object, name);
  if (axis >= array.ndim())
    throw py::value_error(std::string(name) + " needs at least " + std::to_string(axis + 1) +
                          " dimensions, got shape " + shape_text(array));
  return array.shape(axis);
}

NoiseKey read_key(const py::object& key) {
  try {
    return {key.attr("run_seed").cast<std::uint64_t>(), key.attr("generation").cast<std::uint32_t>(),
            key.attr("stream").cast<std::uint32_t>()};
  } catch (const std::exception&) {  // no such attribute, or none of a fitting integer
    throw py::type_error("key must be a bierl_fast.NoiseKey, got " + type_name(key));
  }
}

}  // namespace bierl::bindings
