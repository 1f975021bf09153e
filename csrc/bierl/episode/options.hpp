/// Task options by name, as Gymnasium's keyword arguments, and the reader that checks them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <bierl/core/error.hpp>

namespace bierl {

using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::array<double, 2>>;
using TaskOptions = std::map<std::string, OptionValue>;

/// An interval; which ends belong to it is the task's business.
struct Range {
  double low;
  double high;
};

/// Hands out the options of one task by name and remembers which names were asked for: those are the
/// keywords the task supports. Every getter throws ArgumentError naming task, keyword, what was wanted
/// and what came.
class OptionReader {
 public:
  OptionReader(std::string task, const TaskOptions& options) : task_(std::move(task)), options_(options) {}

  double number(const char* name, double otherwise);               ///< finite; an integer will do
  double noise_scale(const char* name, double otherwise);          ///< finite, at least 0
  double between(const char* name, double otherwise, Range open);  ///< above `low` and below `high`
  int count(const char* name, int otherwise);                      ///< an integer, at least 1
  bool flag(const char* name, bool otherwise);                     ///< True or False
  Range range(const char* name, Range otherwise);                  ///< two numbers, low < high; infinite ends are fine
  /// A body: its name or its number. The task finds it in its model.
  std::variant<std::int64_t, std::string> body(const char* name, std::int64_t otherwise);

  /// Throws ArgumentError when an option was given that nobody asked for: Gymnasium's render and model
  /// options are named as such, a misspelt one gets the nearest name.
  void finish() const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  const OptionValue* find(const char* name);
  [[noreturn]] void refuse(const char* name, const std::string& wanted, const OptionValue& got) const;

  std::string task_;
  const TaskOptions& options_;
  std::vector<std::string> names_;
};

}  // namespace bierl
