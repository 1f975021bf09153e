/// Behaviour descriptors by the names that users write.
#pragma once

#include <string>

#include <bierl/core/actor.hpp>

namespace bierl::bindings {

/// ArgumentError, listing the known ones, for another name.
Behaviour behaviour_named(const std::string& name);

}  // namespace bierl::bindings
