#include <bierl/episode/wrappers.hpp>

#include <algorithm>
#include <utility>

#include <bierl/core/names.hpp>
#include <bierl/episode/wrappers/wrapper.hpp>

namespace bierl {
namespace {

constexpr const char* kKey = "wrapper";

const WrapperEntry& find(OptionReader& reader) {
  reader.require_given(kKey, "the name of one");
  const std::string name = reader.text(kKey, "");
  const auto& table = wrapper_entries();
  const auto found =
      std::find_if(table.begin(), table.end(), [&name](const auto& entry) { return entry.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string> known;
  known.reserve(table.size());
  for (const WrapperEntry& entry : table) known.push_back(entry.name);
  throw unknown_name("wrapper of " + reader.task(), name, known);
}

}  // namespace

const std::vector<WrapperEntry>& wrapper_entries() {
  static const std::vector<WrapperEntry> table = [] {
    std::vector<WrapperEntry> all;
    for (const auto& some :
         {wrappers::action_wrappers(), wrappers::observation_wrappers(), wrappers::reward_wrappers()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return table;
}

std::vector<TaskOptions> read_wrappers(OptionReader& reader) {
  std::vector<TaskOptions> wrappers = reader.tables("wrappers");
  for (std::size_t i = 0; i < wrappers.size(); ++i) {
    OptionReader each(numbered(reader.task(), kKey, i, wrappers[i], kKey), wrappers[i]);
    find(each).check(each);
    each.finish();
  }
  return wrappers;
}

TaskFactory wrapped(TaskFactory tasks, const std::vector<TaskOptions>& wrappers) {
  for (std::size_t i = 0; i < wrappers.size(); ++i) {
    const std::string who = numbered(tasks.name, kKey, i, wrappers[i], kKey);
    OptionReader reader(who, wrappers[i]);
    const WrapperEntry& entry = find(reader);
    const int steps = tasks.max_episode_steps;
    tasks.max_episode_steps = entry.limit(reader, steps);
    tasks.make = [&entry, who, options = wrappers[i], steps, make = std::move(tasks.make)] {
      OptionReader again(who, options);
      return entry.wrap(again, make(), steps);
    };
  }
  return tasks;
}

}  // namespace bierl
