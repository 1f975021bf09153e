/// Transitions of a policy in its task: how an episode records them, and the bounded memory that learners draw from.
///
///     episode -> TransitionRecorder -> one row's steps -> (row order) -> ReplayBuffer::append ... sample -> learner
///
/// A transition is one record of width() floats: observation (O), action (A), reward, next observation (O), terminated
/// (1 or 0). Truncation by a time limit is not termination: the value of the next observation still counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <bierl/core/address.hpp>
#include <bierl/core/turn.hpp>

namespace bierl {

/// Sizes of one transition.
struct TransitionShape {
  std::size_t observations = 0;
  std::size_t actions = 0;

  [[nodiscard]] std::size_t width() const { return 2 * observations + actions + 2; }
  [[nodiscard]] std::size_t action_at() const { return observations; }
  [[nodiscard]] std::size_t reward_at() const { return observations + actions; }
  [[nodiscard]] std::size_t next_at() const { return observations + actions + 1; }
  [[nodiscard]] std::size_t terminated_at() const { return width() - 1; }
};

/// Writes an episode's transitions into memory of the caller's, which has room for every step. Has no destructor, so an
/// episode that a simulator's error leaves by longjmp may hold one.
struct TransitionRecorder {
  float* records = nullptr;  ///< null: nothing is recorded
  TransitionShape shape;

  /// What the policy sees (O doubles, before normalisation) before `step`: also what the step before led to.
  void saw(std::size_t step, const double* observation) const {
    ended(step, observation);
    narrow(observation, at(step));
  }
  /// The action (A) at `step`.
  void did(std::size_t step, const float* action) const {
    std::copy_n(action, shape.actions, at(step) + shape.action_at());
  }
  /// What came of `step`.
  void answered(std::size_t step, double reward, bool terminated) const {
    at(step)[shape.reward_at()] = static_cast<float>(reward);
    at(step)[shape.terminated_at()] = terminated ? 1.0F : 0.0F;
  }
  /// What the last of so many steps led to.
  void ended(std::size_t steps, const double* observation) const {
    if (steps > 0) narrow(observation, at(steps - 1) + shape.next_at());
  }

 private:
  [[nodiscard]] float* at(std::size_t step) const { return records + step * shape.width(); }
  void narrow(const double* from, float* to) const {
    for (std::size_t i = 0; i < shape.observations; ++i) to[i] = static_cast<float>(from[i]);
  }
};

/// Where a drawn batch of B transitions goes, part by part.
struct TransitionBatch {
  std::span<float> observation;       ///< (B, O)
  std::span<float> action;            ///< (B, A)
  std::span<float> reward;            ///< (B,)
  std::span<float> next_observation;  ///< (B, O)
  std::span<float> terminated;        ///< (B,)
};

/// The last `capacity` transitions. What it holds and what it draws depends on the order of appending alone.
/// Memory grows with the content, up to capacity * width floats. Any number of threads may call: they take turns, and a
/// batch or a copy is of one moment. (A call from what a call waits for, and one in a process forked while another
/// thread was in one, is an ArgumentError.)
class ReplayBuffer {
 public:
  /// ArgumentError unless observations, actions and capacity are at least 1 and all fit into memory's address space.
  ReplayBuffer(TransitionShape shape, std::size_t capacity);

  [[nodiscard]] const TransitionShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t size() const;

  /// Adds (T, width) records, oldest first; the oldest in memory make room. ShapeError for a part of a record. Where
  /// the caller is asked to stop in the middle of many, those before stay.
  void append(std::span<const float> records);
  void clear();
  /// All (size, width) records, oldest first: appended to an empty buffer they draw the same.
  [[nodiscard]] std::vector<float> records() const;
  /// Draws reward.size() transitions uniformly with replacement. Which ones is a function of (key, draw) and size()
  /// alone; position 0 is the oldest. ShapeError when the parts do not fit, ArgumentError when nothing is stored.
  void sample(const NoiseKey& key, std::uint32_t draw, const TransitionBatch& out) const;

 private:
  [[nodiscard]] std::size_t stored() const { return records_.size() / shape_.width(); }
  [[nodiscard]] const float* record(std::size_t position) const;
  void append_part(std::span<const float> records);

  TransitionShape shape_;
  std::size_t capacity_;
  std::size_t oldest_ = 0;      // record that the next one overwrites, once full
  std::vector<float> records_;  // (size, width)
  mutable Turn turn_;           // with the two above
};

/// The seed of a learner's own generator at this key; no draw of a ReplayBuffer has its address.
std::uint64_t learner_seed(const NoiseKey& key);

}  // namespace bierl
