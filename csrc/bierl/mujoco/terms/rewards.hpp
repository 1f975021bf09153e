/// Rewards: one number a step for each term, with its weight.
///
///     options -> make_reward -> Reward: value(), the weight included
///
/// A reward is the sum of the terms with weights above zero less the sum of the costs, those with weights below it: the
/// order in which Gymnasium's tasks sum.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <bierl/mujoco/terms/reading.hpp>

namespace bierl::mujoco::terms {

class Reward {
 public:
  virtual ~Reward() = default;
  Reward() = default;
  Reward(const Reward&) = delete;
  Reward& operator=(const Reward&) = delete;
  /// Of the step that was taken, multiplied by the weight. Runs as Quantity::read does.
  virtual double value() = 0;
  /// What it reads, so that the task can look after it; null where it reads nothing.
  virtual Reading* reading() { return nullptr; }
};

struct RewardTerm {
  std::string label;  ///< in Gymnasium's info: reward_<label>
  bool is_cost;
  std::unique_ptr<Reward> reward;
};

/// The terms that are rewards alone, and no quantities: name, help, options.
struct RewardEntry {
  std::string name;
  std::string help;
  std::vector<std::string> options;
};
const std::vector<RewardEntry>& reward_entries();

/// Reads a term's options, without a model.
void check_reward(const std::string& who, const TaskOptions& options);
/// Throws ArgumentError for what is wrong with the options or with the model's names.
RewardTerm make_reward(const std::string& who, const TaskOptions& options, const Moment& moment);

}  // namespace bierl::mujoco::terms
