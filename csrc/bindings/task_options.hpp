/// Python keyword arguments -> TaskOptions.
#pragma once

#include <pybind11/pybind11.h>

#include <bierl/episode/options.hpp>

namespace bierl::bindings {

/// bool, int, float, str and pairs of numbers, NumPy's scalars included. Anything else arrives as its repr,
/// so that the option's reader, which knows what it wants, can refuse it by name.
TaskOptions read_options(const pybind11::dict& keywords);

}  // namespace bierl::bindings
