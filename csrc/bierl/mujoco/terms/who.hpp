/// What errors call a term, and which one it is.
#pragma once

#include <string>

#include <bierl/episode/options.hpp>

namespace bierl::mujoco::terms {

/// Reads the option `term`. Throws ArgumentError where it is missing.
inline std::string term_of(OptionReader& reader) {
  reader.require_given("term", "the name of one");
  return reader.text("term", "");
}

/// "my_robot, reward 2 (body_heights)"; counted from 1.
inline std::string who(const std::string& task, const char* what, std::size_t index, const TaskOptions& options) {
  return numbered(task, what, index, options, "term");
}

}  // namespace bierl::mujoco::terms
