/// Enumerations by the names that users write: config.toml, Python and the errors of this library share them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <bierl/core/error.hpp>

namespace bierl {

/// The known name nearest to `name` by edits, "" when none is near enough to be meant.
std::string nearest_name(const std::string& name, const std::vector<std::string>& known);
/// "a, b, c", in order of the alphabet; of more than a dozen some, and how many more.
std::string listed(std::vector<std::string> names);
/// The error for a name that is none of `known`: the nearest first, then what there is. The same words as
/// bierl_fast/names.py, which has the last one in Python.
UnknownNameError unknown_name(const std::string& kind, const std::string& name, const std::vector<std::string>& known);

/// For Activation (but identity, which no one asks for), Squash, ActionNoise, Behavior and FunctionKind.
/// UnknownNameError for any other name.
template <typename Enum>
Enum named(std::string_view name);

/// ArgumentError for a value without a name.
template <typename Enum>
std::string name_of(Enum value);

/// Every name, in order.
template <typename Enum>
std::vector<std::string> names_of();

}  // namespace bierl
