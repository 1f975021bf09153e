/// A trained policy out of policy.npz, which acts without Python: the same bits as Policy.act there.
///
///     policy.npz -> SavedPolicy::load -> act(observation) -> action
///
/// docs/exporting.md has the format. Any number of threads may call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <bierl/core/policy.hpp>
#include <bierl/policy/file_error.hpp>

namespace bierl {

class SavedPolicy {
 public:
  /// Reads a file that Policy.save or a run wrote; FileError, with its path, says what is wrong with it.
  static SavedPolicy load(const std::filesystem::path& path);
  /// The same out of a file's content, as a program may carry it; FileError says what is wrong with that.
  static SavedPolicy read(std::vector<unsigned char> content);

  /// The environment's id.
  [[nodiscard]] const std::string& task() const { return task_; }
  [[nodiscard]] const PolicyShape& shape() const { return shape_; }
  [[nodiscard]] const Normalizer& normalizer() const { return normalizer_; }
  [[nodiscard]] std::span<const float> parameters() const { return parameters_; }
  /// Where actions are discrete, the lowest: an action is then an output for each, and `choice` takes its number.
  [[nodiscard]] std::optional<std::int64_t> first_action() const { return first_action_; }
  /// One choice of a discrete action: how many outputs it has, and its lowest action.
  struct Choice {
    std::size_t outputs;
    std::int64_t first;
  };
  /// Where actions are several choices (Gymnasium's MultiDiscrete), these, whose outputs lie one after another; else
  /// none.
  [[nodiscard]] std::span<const Choice> choices() const { return choices_; }
  /// Whether each output is a switch (Gymnasium's MultiBinary).
  [[nodiscard]] bool switches() const { return switches_; }

  /// The action (A,) for an observation (O,). Allocates nothing; `scratch`: shape().scratch_size() floats of the call's
  /// own. ShapeError when a size is another.
  void act(std::span<const double> observation, std::span<float> scratch, std::span<float> action) const;
  /// The same, in memory of its own.
  [[nodiscard]] std::vector<float> act(std::span<const double> observation) const;
  /// The discrete action that outputs (A,) stand for: the largest one's number, among equals the lowest.
  [[nodiscard]] std::int64_t choice(std::span<const float> outputs) const;
  /// What outputs (A,) stand for where actions are several choices, each as `choice` has it, or switches, 1 where an
  /// output is above 0 and else 0.
  [[nodiscard]] std::vector<std::int64_t> chosen(std::span<const float> outputs) const;

 private:
  std::string task_;
  PolicyShape shape_;
  Normalizer normalizer_;
  std::vector<float> parameters_;
  std::optional<std::int64_t> first_action_;
  std::vector<Choice> choices_;
  bool switches_ = false;
};

}  // namespace bierl
