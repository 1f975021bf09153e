/// bierl_fast.messages.Population -> PopulationView.
#pragma once

#include <bierl/core/population.hpp>
#include "arrays.hpp"

namespace bierl::bindings {

/// Views of a population of candidates with so many parameters; TypeError or ValueError for an array that does not fit.
PopulationView view_population(const py::object& population, py::ssize_t parameters);

}  // namespace bierl::bindings
