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

struct OptionTable;
/// A compiled function, which no text can name: whoever takes it knows its signature.
struct FunctionAddress {
  void (*address)() = nullptr;
};
/// Two numbers are a pair, lists of another length have a kind of their own, and an empty list is one of numbers.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::array<double, 2>, std::vector<double>,
                                 std::vector<std::string>, std::vector<OptionTable>, FunctionAddress>;
using TaskOptions = std::map<std::string, OptionValue>;

/// Options within options: one of a list of them.
struct OptionTable {
  TaskOptions options;
};

/// An interval; which ends belong to it is the task's business.
struct Range {
  double low;
  double high;
};

/// What errors call one table of a list of them: "my_robot, reward 2 (body_heights)", counted from 1. `key` is the
/// option that says which one it is.
std::string numbered(const std::string& task, const char* what, std::size_t index, const TaskOptions& options,
                     const char* key);

/// Hands out the options of one task by name and remembers which names were asked for: those are the
/// keywords the task supports. Every getter throws ArgumentError naming task, keyword, what was wanted
/// and what came.
class OptionReader {
 public:
  /// kListing: nothing is there to be read, and nothing is missing; `names` is what is wanted.
  enum class Mode { kReading, kListing };
  OptionReader(std::string task, const TaskOptions& options, Mode mode = Mode::kReading)
      : task_(std::move(task)), options_(options), mode_(mode) {}

  double number(const char* name, double otherwise);               ///< finite; an integer will do
  double noise_scale(const char* name, double otherwise);          ///< finite, at least 0
  double between(const char* name, double otherwise, Range open);  ///< above `low` and below `high`
  int count(const char* name, int otherwise);                      ///< an integer, at least 1
  bool flag(const char* name, bool otherwise);                     ///< True or False
  Range range(const char* name, Range otherwise);                  ///< two numbers, low < high; infinite ends are fine
  /// A body: its name or its number. The task finds it in its model.
  std::variant<std::int64_t, std::string> body(const char* name, std::int64_t otherwise);
  std::string text(const char* name, const std::string& otherwise);  ///< any text
  /// One of these texts.
  std::string choice(const char* name, const std::string& otherwise, const std::vector<std::string>& known);
  std::vector<std::string> texts(const char* name);   ///< a text, or a list of them; none where it is left out
  std::vector<double> numbers(const char* name);      ///< a number, or a list of them; none where it is left out
  std::vector<TaskOptions> tables(const char* name);  ///< a list of tables; none where it is left out
  int whole(const char* name, int otherwise);         ///< an integer, at least 0
  FunctionAddress function(const char* name);         ///< none where it is left out
  bool has(const char* name) const { return options_.contains(name); }
  /// Throws ArgumentError unless the option is there; `wanted` says what it must be.
  void require_given(const char* name, const std::string& wanted) const;

  /// Throws ArgumentError when an option was given that nobody asked for: Gymnasium's render and model
  /// options are named as such, a misspelt one gets the nearest name.
  void finish() const;
  const std::vector<std::string>& names() const { return names_; }
  bool listing() const { return mode_ == Mode::kListing; }
  /// What errors call the task.
  const std::string& task() const { return task_; }

 private:
  const OptionValue* find(const char* name);
  [[noreturn]] void refuse(const char* name, const std::string& wanted, const OptionValue& got) const;

  std::string task_;
  const TaskOptions& options_;
  Mode mode_;
  std::vector<std::string> names_;
};

/// The options of what takes none.
struct NoOptions {
  static NoOptions read(OptionReader&) { return {}; }
};

/// The names that Options::read(OptionReader&) asks for.
template <class Options>
std::vector<std::string> option_names(const char* of) {
  const TaskOptions none;
  OptionReader reader(of, none, OptionReader::Mode::kListing);
  Options::read(reader);
  return reader.names();
}

/// Reads options without making anything of them, which refuses what cannot be.
template <class Options>
void read_alone(OptionReader& reader) {
  Options::read(reader);
}

}  // namespace bierl
