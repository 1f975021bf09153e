/// Views of NumPy arrays. Nothing is ever converted: an array that does not fit is an error that says what was wanted
/// and what came, because a converted input hides a copy and a converted output is a lost output.
#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>

#include <bierl/core/address.hpp>

namespace bierl::bindings {

namespace py = pybind11;

inline constexpr py::ssize_t kAny = -1;  ///< a dimension of any length

/// Checks dtype, shape, C order, and for outputs writability. TypeError for the dtype, ValueError for the rest.
void check_array(const py::object& object, const char* name, const py::dtype& dtype,
                 std::initializer_list<py::ssize_t> shape, bool writable);

/// A read-only view of a C-contiguous array of exactly this dtype and shape.
template <typename T>
std::span<const T> read(const py::object& object, const char* name, std::initializer_list<py::ssize_t> shape) {
  check_array(object, name, py::dtype::of<T>(), shape, false);
  const auto array = py::reinterpret_borrow<py::array>(object);
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

/// A view to write into.
template <typename T>
std::span<T> write(const py::object& object, const char* name, std::initializer_list<py::ssize_t> shape) {
  check_array(object, name, py::dtype::of<T>(), shape, true);
  auto array = py::reinterpret_borrow<py::array>(object);
  return {static_cast<T*>(array.mutable_data()), static_cast<std::size_t>(array.size())};
}

/// The length of one dimension of something that must be an array; TypeError when it is none or has too few.
py::ssize_t dimension(const py::object& object, const char* name, py::ssize_t axis);

/// A key with the attributes run_seed, generation and stream (bierl_fast.messages.NoiseKey).
NoiseKey read_key(const py::object& key);

}  // namespace bierl::bindings
