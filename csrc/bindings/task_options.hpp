/// Python keyword arguments -> TaskOptions.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include <bierl/episode/options.hpp>

namespace bierl::bindings {

/// bool, int, float, str and pairs of numbers, NumPy's scalars included. Anything else arrives as its repr,
/// so that the option's reader, which knows what it wants, can refuse it by name.
TaskOptions read_options(const pybind11::dict& keywords);
/// A compiled function as the value of an option: a capsule, so that no file can name an address.
pybind11::capsule function_option(std::uintptr_t address);

}  // namespace bierl::bindings
