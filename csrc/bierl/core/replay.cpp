#include <bierl/core/replay.hpp>

#include <limits>
#include <string>

#include <bierl/core/error.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {

constexpr const char* kName = "replay buffer";
constexpr std::uint32_t kLearner = std::numeric_limits<std::uint32_t>::max();  // a draw that no batch has

// floor(word * count / 2^64): uniform to within count / 2^64.
std::size_t below(std::size_t count, std::uint64_t word) {
  const std::uint64_t low = (word & 0xFFFFFFFFU) * count;
  const std::uint64_t high = (word >> 32) * count;
  return static_cast<std::size_t>((high + (low >> 32)) >> 32);
}

}  // namespace

ReplayBuffer::ReplayBuffer(TransitionShape shape, std::size_t capacity) : shape_(shape), capacity_(capacity) {
  constexpr std::size_t kMost = std::size_t{1} << 31;  // keeps `below` within 64 bits
  require(shape.observations >= 1 && shape.observations < kMost && shape.actions >= 1 && shape.actions < kMost,
          "a transition needs at least one observation and one action, got " + std::to_string(shape.observations) +
              " and " + std::to_string(shape.actions));
  require(capacity >= 1 && capacity < kMost,
          "capacity must be in [1, 2^31) transitions, got " + std::to_string(capacity));
}

std::size_t ReplayBuffer::size() const {
  const Turn::Held held(turn_, kName);
  return stored();
}

void ReplayBuffer::append(std::span<const float> records) {
  const std::size_t width = shape_.width();
  require(records.size() % width == 0, "transitions have " + std::to_string(width) + " numbers each, got " +
                                           std::to_string(records.size()) + " numbers");
  const std::size_t count = records.size() / width;
  const Turn::Held held(turn_, kName);
  if (count > capacity_) records = records.last(capacity_ * width);
  // Parts of whole transitions: stopped between two, the buffer holds those before.
  in_parts(records.size(), (kBetweenQuestions / width + 1) * width,
           [&](std::size_t begin, std::size_t size) { append_part(records.subspan(begin, size)); });
}

void ReplayBuffer::append_part(std::span<const float> records) {
  const std::size_t width = shape_.width();
  const std::size_t grown = std::min(records.size(), capacity_ * width - records_.size());
  records_.insert(records_.end(), records.begin(), records.begin() + static_cast<std::ptrdiff_t>(grown));
  for (records = records.subspan(grown); !records.empty();) {
    const std::size_t room = std::min(records.size(), (capacity_ - oldest_) * width);
    std::copy_n(records.begin(), room, records_.begin() + static_cast<std::ptrdiff_t>(oldest_ * width));
    oldest_ = (oldest_ + room / width) % capacity_;
    records = records.subspan(room);
  }
}

void ReplayBuffer::clear() {
  const Turn::Held held(turn_, kName);
  records_.clear();
  oldest_ = 0;
}

const float* ReplayBuffer::record(std::size_t position) const {
  return records_.data() + (oldest_ + position) % stored() * shape_.width();
}

std::vector<float> ReplayBuffer::records() const {
  const Turn::Held held(turn_, kName);
  const std::span<const float> stored(records_);
  const std::size_t oldest = oldest_ * shape_.width();
  std::vector<float> all;
  all.reserve(stored.size());
  for (const auto side : {stored.subspan(oldest), stored.first(oldest)})
    in_parts(side.size(), kBetweenQuestions, [&](std::size_t begin, std::size_t size) {
      const auto part = side.subspan(begin, size);
      all.insert(all.end(), part.begin(), part.end());
    });
  return all;
}

void ReplayBuffer::sample(const NoiseKey& key, std::uint32_t draw, const TransitionBatch& out) const {
  const Turn::Held held(turn_, kName);
  require(stored() >= 1, "no transitions to draw from: append some first");
  require(draw != kLearner, "draw must be below 2^32 - 1, got " + std::to_string(draw));
  const std::size_t count = out.reward.size();
  require_size("observation", out.observation.size(), count * shape_.observations, "(B, O)");
  require_size("action", out.action.size(), count * shape_.actions, "(B, A)");
  require_size("next_observation", out.next_observation.size(), count * shape_.observations, "(B, O)");
  require_size("terminated", out.terminated.size(), count, "(B,)");
  const NoiseKey address = key.with(Purpose::replay);
  Pace pace;
  for (std::size_t b = 0; b < count; ++b) {
    pace.did(shape_.width());
    const float* const from = record(below(stored(), uniform64(address, draw, static_cast<std::uint32_t>(b))));
    std::copy_n(from, shape_.observations, out.observation.data() + b * shape_.observations);
    std::copy_n(from + shape_.action_at(), shape_.actions, out.action.data() + b * shape_.actions);
    out.reward[b] = from[shape_.reward_at()];
    std::copy_n(from + shape_.next_at(), shape_.observations, out.next_observation.data() + b * shape_.observations);
    out.terminated[b] = from[shape_.terminated_at()];
  }
}

std::uint64_t learner_seed(const NoiseKey& key) { return uniform64(key.with(Purpose::replay), kLearner, 0); }

}  // namespace bierl
