#include <bierl/mujoco/terms/terminations.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/who.hpp>

namespace bierl::mujoco::terms {

Termination::Options Termination::Options::read(OptionReader& reader) {
  reader.require_given("range", "two numbers (low, high) between which the episode goes on");
  return {.kind = term_of(reader),
          .range = reader.range("range", {0, 1}),
          .ends_included = reader.flag("bounds_included", false),
          .ends = reader.flag("ends", true),
          .reading = ReadingOptions::read(reader)};
}

void Termination::check(const std::string& who, const TaskOptions& options) {
  OptionReader reader(who, options);
  find_quantity(who, Options::read(reader).kind).check(reader);
  reader.finish();
}

Termination::Termination(const std::string& who, const TaskOptions& options, const Moment& moment)
    : Termination(who, OptionReader(who, options), moment) {}

Termination::Termination(const std::string& who, OptionReader&& reader, const Moment& moment)
    : options_(Options::read(reader)),
      reading_(find_quantity(who, options_.kind).make(reader, moment), options_.reading, moment.dt, who) {
  reader.finish();
}

bool Termination::holds() {
  values_ = reading_.read();
  const double* const values = values_;
  const Range range = options_.range;
  // Written so that a NaN is outside.
  if (options_.ends_included) {
    return !std::all_of(values, values + reading_.size(),
                        [range](double value) { return range.low <= value && value <= range.high; });
  }
  return !std::all_of(values, values + reading_.size(), [range](double value) { return tasks::inside(value, range); });
}

bool Termination::undefined() const {
  return values_ != nullptr &&
         std::any_of(values_, values_ + reading_.size(), [](double value) { return std::isnan(value); });
}

}  // namespace bierl::mujoco::terms
