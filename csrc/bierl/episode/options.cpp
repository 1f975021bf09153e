#include <bierl/episode/options.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <bierl/core/names.hpp>

namespace bierl {
namespace {

/// Keywords of Gymnasium's constructors that a native task has no use for, and what to do instead.
const std::map<std::string, std::string>& unsupported_keywords() {
  static const std::string model = "a native task reads Gymnasium's own model file";
  static const std::string another = "; use gymnasium.make for another one, and evaluator 'pool' (--evaluator pool)";
  static const std::string picture = "a native task draws no pictures; render with gymnasium.make";
  static const std::map<std::string, std::string> table = {
      {"xml_file", model + another},
      {"model_path", model + another},
      {"default_camera_config", picture},
      {"render_mode", picture},
      {"width", picture},
      {"height", picture},
      {"camera_id", picture},
      {"camera_name", picture},
      {"max_geom", picture},
      {"visual_options", picture},
  };
  return table;
}

std::string shown(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

std::string in_order(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : ", ").append(text);
  return out;
}

struct Shown {
  std::string operator()(bool value) const { return value ? "True" : "False"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return shown(value); }
  std::string operator()(const std::string& value) const { return std::string("'").append(value).append("'"); }
  std::string operator()(const std::array<double, 2>& value) const {
    return std::string("(").append(shown(value[0])).append(", ").append(shown(value[1])).append(")");
  }
  std::string operator()(const std::vector<double>& value) const {
    std::vector<std::string> texts(value.size());
    std::transform(value.begin(), value.end(), texts.begin(), shown);
    return std::string("(").append(in_order(texts)).append(")");
  }
  std::string operator()(const std::vector<std::string>& value) const {
    std::vector<std::string> texts(value.size());
    std::transform(value.begin(), value.end(), texts.begin(), *this);
    return std::string("(").append(in_order(texts)).append(")");
  }
  std::string operator()(const std::vector<OptionTable>& value) const {
    return std::to_string(value.size()) + (value.size() == 1 ? " table" : " tables");
  }
  std::string operator()(FunctionAddress) const { return "a compiled function"; }
};

constexpr int kMost = std::numeric_limits<int>::max();

}  // namespace

std::string numbered(const std::string& task, const char* what, std::size_t index, const TaskOptions& options,
                     const char* key) {
  std::string text = task + ", " + what + " " + std::to_string(index + 1);
  const auto found = options.find(key);
  if (found == options.end()) return text;
  const auto* name = std::get_if<std::string>(&found->second);
  return name == nullptr ? text : text + " (" + *name + ")";
}

const OptionValue* OptionReader::find(const char* name) {
  names_.emplace_back(name);
  const auto found = options_.find(name);
  return found == options_.end() ? nullptr : &found->second;
}

void OptionReader::refuse(const char* name, const std::string& wanted, const OptionValue& got) const {
  throw ArgumentError(task_ + ": " + name + " must be " + wanted + ", got " + std::visit(Shown{}, got));
}

double OptionReader::number(const char* name, double otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  const auto* real = std::get_if<double>(value);
  if (real == nullptr || !std::isfinite(*real)) refuse(name, "a finite number", *value);
  return *real;
}

double OptionReader::noise_scale(const char* name, double otherwise) {
  const double scale = number(name, otherwise);
  if (!(scale >= 0)) refuse(name, "at least 0", options_.at(name));
  return scale;
}

double OptionReader::between(const char* name, double otherwise, Range open) {
  const double value = number(name, otherwise);
  if (!(open.low < value && value < open.high)) {
    refuse(name, "above " + shown(open.low) + " and below " + shown(open.high), options_.at(name));
  }
  return value;
}

int OptionReader::count(const char* name, int otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  const auto* integer = std::get_if<std::int64_t>(value);
  if (integer == nullptr || *integer < 1) refuse(name, "an integer of at least 1", *value);
  if (*integer > kMost) refuse(name, "at most " + std::to_string(kMost), *value);
  return static_cast<int>(*integer);
}

bool OptionReader::flag(const char* name, bool otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  const auto* flag = std::get_if<bool>(value);
  if (flag == nullptr) refuse(name, "True or False", *value);
  return *flag;
}

Range OptionReader::range(const char* name, Range otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  const auto* ends = std::get_if<std::array<double, 2>>(value);
  // Written so that NaN is refused.
  if (ends == nullptr || !((*ends)[0] < (*ends)[1])) refuse(name, "two numbers (low, high) with low < high", *value);
  return {(*ends)[0], (*ends)[1]};
}

std::variant<std::int64_t, std::string> OptionReader::body(const char* name, std::int64_t otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return *integer;
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) refuse(name, "a body's name or number", *value);
  return *text;
}

std::string OptionReader::text(const char* name, const std::string& otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) refuse(name, "a text", *value);
  return *text;
}

std::string OptionReader::choice(const char* name, const std::string& otherwise,
                                 const std::vector<std::string>& known) {
  const std::string chosen = text(name, otherwise);
  if (std::find(known.begin(), known.end(), chosen) == known.end()) {
    refuse(name, "one of " + in_order(known), options_.at(name));
  }
  return chosen;
}

std::vector<std::string> OptionReader::texts(const char* name) {
  const OptionValue* value = find(name);
  if (value == nullptr) return {};
  if (const auto* text = std::get_if<std::string>(value)) return {*text};
  const auto* texts = std::get_if<std::vector<std::string>>(value);
  if (texts == nullptr || texts->empty()) refuse(name, "a name, or a list of names", *value);
  return *texts;
}

std::vector<double> OptionReader::numbers(const char* name) {
  const OptionValue* value = find(name);
  if (value == nullptr) return {};
  std::vector<double> found;
  if (const auto* integer = std::get_if<std::int64_t>(value)) found = {static_cast<double>(*integer)};
  if (const auto* real = std::get_if<double>(value)) found = {*real};
  if (const auto* pair = std::get_if<std::array<double, 2>>(value)) found.assign(pair->begin(), pair->end());
  if (const auto* list = std::get_if<std::vector<double>>(value)) found = *list;
  const auto is_finite = [](double number) { return std::isfinite(number); };
  if (found.empty() || !std::all_of(found.begin(), found.end(), is_finite)) {
    refuse(name, "a finite number, or a list of them", *value);
  }
  return found;
}

std::vector<TaskOptions> OptionReader::tables(const char* name) {
  const OptionValue* value = find(name);
  if (value == nullptr) return {};
  const auto* empty = std::get_if<std::vector<double>>(value);
  if (empty != nullptr && empty->empty()) return {};
  const auto* tables = std::get_if<std::vector<OptionTable>>(value);
  if (tables == nullptr) refuse(name, "a list of tables", *value);
  std::vector<TaskOptions> found;
  for (const OptionTable& table : *tables) found.push_back(table.options);
  return found;
}

int OptionReader::whole(const char* name, int otherwise) {
  const OptionValue* value = find(name);
  if (value == nullptr) return otherwise;
  const auto* integer = std::get_if<std::int64_t>(value);
  if (integer == nullptr || *integer < 0) refuse(name, "an integer of at least 0", *value);
  if (*integer > kMost) refuse(name, "at most " + std::to_string(kMost), *value);
  return static_cast<int>(*integer);
}

FunctionAddress OptionReader::function(const char* name) {
  const OptionValue* value = find(name);
  if (value == nullptr) return {};
  const auto* function = std::get_if<FunctionAddress>(value);
  if (function == nullptr) refuse(name, "left out", *value);
  return *function;
}

void OptionReader::require_given(const char* name, const std::string& wanted) const {
  require(listing() || has(name), task_ + ": " + name + " is missing; it must be " + wanted);
}

void OptionReader::finish() const {
  for (const auto& [name, value] : options_) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) continue;
    const auto unsupported = unsupported_keywords().find(name);
    if (unsupported == unsupported_keywords().end()) throw unknown_name("option of " + task_, name, names_);
    throw ArgumentError(task_ + " does not support the option '" + name + "' natively: " + unsupported->second +
                        "; known: " + listed(names_));
  }
}

}  // namespace bierl
