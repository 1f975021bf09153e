#include <bierl/core/names.hpp>

#include <bierl/core/actor.hpp>
#include <bierl/core/error.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/policy.hpp>

namespace bierl {

namespace {

template <typename Enum>
struct Named {
  std::string_view name;
  Enum value;
};

// What errors call one of them, and all of them.
template <typename Enum>
struct Table;

template <>
struct Table<Activation> {
  static constexpr std::string_view kind = "activation";
  static constexpr Named<Activation> rows[] = {{"tanh", Activation::tanh}, {"relu", Activation::relu}};
};

template <>
struct Table<Squash> {
  static constexpr std::string_view kind = "squash";
  static constexpr Named<Squash> rows[] = {{"clip", Squash::clip}, {"tanh", Squash::tanh}, {"none", Squash::none}};
};

template <>
struct Table<ActionNoise> {
  static constexpr std::string_view kind = "action noise";
  static constexpr Named<ActionNoise> rows[] = {
      {"none", ActionNoise::none}, {"fixed", ActionNoise::fixed}, {"evolved", ActionNoise::evolved}};
};

template <>
struct Table<Behavior> {
  static constexpr std::string_view kind = "behavior";
  static constexpr Named<Behavior> rows[] = {{"none", Behavior::none},
                                             {"final_position", Behavior::final_position},
                                             {"final_observation", Behavior::final_observation},
                                             {"actions", Behavior::actions}};
};

template <>
struct Table<FunctionKind> {
  static constexpr std::string_view kind = "test function";
  static constexpr Named<FunctionKind> rows[] = {{"quadratic", FunctionKind::quadratic},
                                                 {"rosenbrock", FunctionKind::rosenbrock},
                                                 {"rastrigin", FunctionKind::rastrigin},
                                                 {"ackley", FunctionKind::ackley}};
};

}  // namespace

template <typename Enum>
Enum named(std::string_view name) {
  std::string known;
  for (const auto& row : Table<Enum>::rows) {
    if (row.name == name) return row.value;
    known.append(known.empty() ? "" : ", ").append(row.name);
  }
  throw ArgumentError("no " + std::string(Table<Enum>::kind) + " named '" + std::string(name) + "'; known: " + known);
}

template <typename Enum>
std::string name_of(Enum value) {
  for (const auto& row : Table<Enum>::rows)
    if (row.value == value) return std::string(row.name);
  throw ArgumentError("no " + std::string(Table<Enum>::kind) + " has the value " +
                      std::to_string(static_cast<int>(value)));
}

template <typename Enum>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& row : Table<Enum>::rows) names.emplace_back(row.name);
  return names;
}

#define BIERL_NAMED(Enum)                           \
  template Enum named<Enum>(std::string_view name); \
  template std::string name_of<Enum>(Enum value);   \
  template std::vector<std::string> names_of<Enum>();
BIERL_NAMED(Activation)
BIERL_NAMED(Squash)
BIERL_NAMED(ActionNoise)
BIERL_NAMED(Behavior)
BIERL_NAMED(FunctionKind)
#undef BIERL_NAMED

}  // namespace bierl
