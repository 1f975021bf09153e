/// Enumerations by the names that users write: config.toml, Python and the errors of this library share them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bierl {

/// For Activation (but identity, which no one asks for), Squash, ActionNoise, Behavior and FunctionKind.
/// ArgumentError, listing the known ones, for any other name.
template <typename Enum>
Enum named(std::string_view name);

/// ArgumentError for a value without a name.
template <typename Enum>
std::string name_of(Enum value);

/// Every name, in order.
template <typename Enum>
std::vector<std::string> names_of();

}  // namespace bierl
