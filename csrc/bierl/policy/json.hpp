/// JSON as Python's json module writes it, Infinity and NaN included: the header of policy.npz.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bierl {

/// One value. The accessors throw FileError, with the name of what was looked for, where it is another kind of value.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // no name twice

  /// The value that a whole text is. FileError: it is none, or one nested deeper than kDeepest.
  static Json parse(std::string_view text);
  static constexpr int kDeepest = 32;

  Json() = default;
  explicit Json(std::variant<std::monostate, bool, double, std::string, Array, Object> value)
      : value_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  /// The member of an object; null where it has none of that name.
  [[nodiscard]] const Json& at(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  /// A whole number from `low` to `high`.
  [[nodiscard]] long long whole(std::string_view name, long long low, long long high) const;
  [[nodiscard]] std::vector<double> numbers(std::string_view name) const;
  /// True or false; false where it is null.
  [[nodiscard]] bool flag(std::string_view name) const;

 private:
  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

/// `found` as a whole number from `low` to `high`; FileError, with its name, when it is none.
long long whole(double found, std::string_view name, long long low, long long high);

}  // namespace bierl
