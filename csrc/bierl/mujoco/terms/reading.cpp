#include <bierl/mujoco/terms/reading.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>

namespace bierl::mujoco::terms {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

ReadingOptions ReadingOptions::read(OptionReader& reader) {
  ReadingOptions options{.skip = reader.whole("skip", 0),
                         .count = reader.count("count", std::numeric_limits<int>::max()),
                         .rate = reader.flag("rate", false),
                         .clip = std::nullopt,
                         .scale = reader.number("scale", 1.0)};
  const Range clip = reader.range("clip", {-kInfinity, kInfinity});
  if (reader.has("clip")) options.clip = clip;
  return options;
}

Reading::Reading(std::unique_ptr<Quantity> quantity, const ReadingOptions& options, double dt, const std::string& who)
    : quantity_(std::move(quantity)),
      skip_(options.skip),
      size_(quantity_->size() - options.skip),
      rate_(options.rate),
      as_it_is_(!options.rate && !options.clip && options.scale == 1.0),
      clip_(options.clip.value_or(Range{-kInfinity, kInfinity})),
      scale_(options.scale),
      dt_(dt) {
  require(quantity_->size() >= 1, who + ": the model has nothing of the kind");
  require(size_ >= 1, who + ": it has " + std::to_string(quantity_->size()) +
                          " numbers, so skip = " + std::to_string(skip_) + " leaves none");
  if (options.count != std::numeric_limits<int>::max()) {
    require(options.count <= size_, who + ": count = " + std::to_string(options.count) + ", and there are " +
                                        std::to_string(size_) + " numbers");
    size_ = options.count;
  }
  if (rate_) before_.resize(static_cast<std::size_t>(size_));
  if (!as_it_is_) values_.resize(static_cast<std::size_t>(size_));
}

void Reading::remember() { std::copy_n(quantity_->read() + skip_, size_, before_.data()); }

const double* Reading::read() {
  const double* now = quantity_->read() + skip_;
  if (as_it_is_) return now;
  double* const out = values_.data();
  if (rate_) {
    for (mjtSize i = 0; i < size_; ++i) out[i] = (now[i] - before_[static_cast<std::size_t>(i)]) / dt_;
  } else {
    std::copy_n(now, size_, out);
  }
  for (mjtSize i = 0; i < size_; ++i) out[i] = tasks::clipped(out[i], clip_) * scale_;
  return out;
}

}  // namespace bierl::mujoco::terms
