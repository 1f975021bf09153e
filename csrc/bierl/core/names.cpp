#include <bierl/core/names.hpp>

#include <algorithm>
#include <cstddef>

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

std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& known) {
  std::string nearest;
  // A third of the letters wrong is a slip; more is another word.
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edits(name, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string listed(std::vector<std::string> names) {
  constexpr std::size_t kListed = 12, kSome = 6;  // names that are all listed; of more, so many
  std::sort(names.begin(), names.end());
  const std::size_t shown = names.size() <= kListed ? names.size() : kSome;
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text.append(i == 0 ? "" : ", ").append(names[i]);
  return shown == names.size() ? text : text + " and " + std::to_string(names.size() - shown) + " more";
}

UnknownNameError unknown_name(const std::string& kind, const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(name, known);
  const std::string meant = nearest.empty() ? "" : "did you mean '" + nearest + "'? ";
  const std::string there_is = known.empty() ? "there is none" : "known: " + listed(known);
  return {"no " + kind + " named '" + name + "'; " + meant + there_is, kind, name, known};
}

template <typename Enum>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& row : Table<Enum>::rows) names.emplace_back(row.name);
  return names;
}

template <typename Enum>
Enum named(std::string_view name) {
  for (const auto& row : Table<Enum>::rows)
    if (row.name == name) return row.value;
  throw unknown_name(std::string(Table<Enum>::kind), std::string(name), names_of<Enum>());
}

template <typename Enum>
std::string name_of(Enum value) {
  for (const auto& row : Table<Enum>::rows)
    if (row.value == value) return std::string(row.name);
  throw ArgumentError("no " + std::string(Table<Enum>::kind) + " has the value " +
                      std::to_string(static_cast<int>(value)));
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
