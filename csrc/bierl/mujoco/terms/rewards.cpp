#include <bierl/mujoco/terms/rewards.hpp>

#include <cmath>
#include <limits>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/code.hpp>
#include <bierl/mujoco/terms/who.hpp>

namespace bierl::mujoco::terms {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastWidth = 1e-150;  ///< of tracking: its square is a divisor, and must not be 0

/// weight * np.sum(np.square(action)), in the action's single precision, as most of Gymnasium's tasks charge it.
class ControlCost final : public Reward {
 public:
  ControlCost(const Moment& moment, double weight) : moment_(moment), weight_(weight) {}
  double value() override { return tasks::control_cost(weight_, moment_.action.data(), moment_.model->nu); }

 private:
  const Moment& moment_;
  double weight_;
};

class Alive final : public Reward {
 public:
  Alive(const Moment& moment, double weight) : moment_(moment), weight_(weight) {}
  double value() override { return (moment_.healthy ? 1 : 0) * weight_; }

 private:
  const Moment& moment_;
  double weight_;
};

/// How the numbers of a quantity become one.
enum class As { kSum, kSquares, kAbsolute, kTracking };

const std::vector<std::string>& as_names() {
  static const std::vector<std::string> names = {"sum", "squares", "absolute", "tracking"};
  return names;
}

As read_as(OptionReader& reader) {
  const std::string chosen = reader.choice("as", "sum", as_names());
  return chosen == "sum"        ? As::kSum
         : chosen == "squares"  ? As::kSquares
         : chosen == "absolute" ? As::kAbsolute
                                : As::kTracking;
}

struct ReducedOptions {
  double weight;
  As as;
  std::vector<double> target;
  int command;  ///< where in the command the target is; -1: it is not
  double width;
  Range limit;
  ReadingOptions reading;
  static ReducedOptions read(OptionReader& reader) {
    ReducedOptions options{.weight = reader.number("weight", 1.0),
                           .as = read_as(reader),
                           .target = reader.numbers("target"),
                           .command = reader.whole("command", 0),
                           .width = reader.between("width", 1.0, {kLeastWidth, kInfinity}),
                           .limit = reader.range("limit", {-kInfinity, kInfinity}),
                           .reading = ReadingOptions::read(reader)};
    const bool tracks = options.as == As::kTracking;
    for (const char* name : {"target", "command", "width"}) {
      require(tracks || !reader.has(name), reader.task() + ": " + name + " is for as = \"tracking\"");
    }
    require(!reader.has("target") || !reader.has("command"), reader.task() + ": give one of target and command");
    if (!reader.has("command")) options.command = -1;
    return options;
  }
};

/// A quantity's numbers, made one, weighted, and cut to a range.
class Reduced final : public Reward {
 public:
  Reduced(Reading reading, ReducedOptions options, const Moment& moment, const std::string& who)
      : reading_(std::move(reading)),
        as_(options.as),
        target_(std::move(options.target)),
        size_(static_cast<double>(options.width) * options.width),
        weight_(std::abs(options.weight)),
        sign_(options.weight < 0 ? -1 : 1),
        limit_(options.limit) {
    if (as_ != As::kTracking) return;
    const auto size = static_cast<std::size_t>(reading_.size());
    if (options.command >= 0) {
      const auto first = static_cast<std::size_t>(options.command);
      require(first + size <= moment.command.size(),
              who + ": it tracks " + std::to_string(size) + " numbers from command = " + std::to_string(first) +
                  " on, and " + std::to_string(moment.command.size()) + " are commanded (by reset terms 'command')");
      goal_ = moment.command.data() + first;
      return;
    }
    if (target_.empty()) target_.assign(size, 0.0);
    require(target_.size() == size,
            who + ": target has " + std::to_string(target_.size()) + " numbers, and the term " + std::to_string(size));
    goal_ = target_.data();
  }

  double value() override { return sign_ * tasks::clipped(weight_ * reduced(reading_.read()), limit_); }
  Reading* reading() override { return &reading_; }

 private:
  double reduced(const double* values) const {
    const mjtSize size = reading_.size();
    switch (as_) {
      case As::kSquares:
        return tasks::sum_of_squares(values, size);
      case As::kAbsolute:
        return tasks::numpy_sum<double>(0, size, [values](mjtSize i) { return std::abs(values[i]); });
      case As::kTracking: {
        const double* target = goal_;
        return std::exp(-tasks::numpy_sum<double>(0, size, [values, target](mjtSize i) {
          const double off = values[i] - target[i];
          return off * off;
        }) / size_);
      }
      case As::kSum:
        break;
    }
    return tasks::numpy_sum<double>(0, size, [values](mjtSize i) { return values[i]; });
  }

  Reading reading_;
  As as_;
  std::vector<double> target_;
  const double* goal_ = nullptr;  // what is tracked: the target, or a part of the command
  double size_;                   // of an error that counts
  double weight_;
  int sign_;
  Range limit_;
};

std::string kind_of(const std::string& who, OptionReader& reader) {
  std::string kind = term_of(reader);
  if (kind == "control_cost" || kind == "alive") return kind;
  find_quantity(who, kind, {"control_cost", "alive"});
  return kind;
}

}  // namespace

const std::vector<RewardEntry>& reward_entries() {
  static const std::vector<RewardEntry> table = {
      {"control_cost", "The sum of the squares of the action, in single precision as Gymnasium's tasks have it.", {}},
      {"alive", "1 as long as no termination holds, else 0.", {}},
  };
  return table;
}

void check_reward(const std::string& who, const TaskOptions& options) {
  OptionReader reader(who, options);
  const std::string kind = kind_of(who, reader);
  reader.text("label", "");
  if (kind == "control_cost" || kind == "alive") {
    reader.number("weight", 1.0);
  } else {
    ReducedOptions::read(reader);
    find_quantity(who, kind).check(reader);
  }
  reader.finish();
}

RewardTerm make_reward(const std::string& who, const TaskOptions& options, const Moment& moment) {
  check_reward(who, options);
  OptionReader reader(who, options);
  const std::string kind = kind_of(who, reader);
  const double weight = reader.number("weight", 1.0);
  RewardTerm term{.label = reader.text("label", name_in(kind)), .is_cost = weight < 0, .reward = nullptr};
  if (kind == "control_cost") {
    term.reward = std::make_unique<ControlCost>(moment, weight);
  } else if (kind == "alive") {
    term.reward = std::make_unique<Alive>(moment, weight);
  } else {
    ReducedOptions read = ReducedOptions::read(reader);
    Reading reading(find_quantity(who, kind).make(reader, moment), read.reading, moment.dt, who);
    term.reward = std::make_unique<Reduced>(std::move(reading), std::move(read), moment, who);
  }
  return term;
}

}  // namespace bierl::mujoco::terms
