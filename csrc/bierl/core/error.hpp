/// Errors a caller can act on. Each says what was wanted, what came, and where it helps what to do.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bierl {

/// A value outside its range, an unknown name, a combination that makes no sense. ValueError in Python.
class ArgumentError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A name that stands in no table; `unknown_name` (names.hpp) makes it. UnknownNameError in Python.
class UnknownNameError : public ArgumentError {
 public:
  UnknownNameError(const std::string& text, std::string kind, std::string name, std::vector<std::string> known)
      : ArgumentError(text), kind_(std::move(kind)), name_(std::move(name)), known_(std::move(known)) {}

  [[nodiscard]] const std::string& kind() const { return kind_; }  ///< of thing, as errors call it
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<std::string>& known() const { return known_; }

 private:
  std::string kind_, name_;
  std::vector<std::string> known_;
};

/// A view of the wrong length. ValueError in Python.
class ShapeError : public ArgumentError {
 public:
  using ArgumentError::ArgumentError;
};

/// The simulator itself refused: a model that does not load, an error raised while stepping. RuntimeError in Python.
class SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller asked to stop: `wait` of ThreadPool::run answered false.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

inline void require(bool holds, const std::string& message) {
  if (!holds) throw ArgumentError(message);
}

inline void require_size(std::string_view name, std::size_t got, std::size_t want, std::string_view why) {
  if (got == want) return;
  throw ShapeError(std::string(name) + " has " + std::to_string(got) + " elements, expected " + std::to_string(want) +
                   " (" + std::string(why) + ")");
}

}  // namespace bierl
