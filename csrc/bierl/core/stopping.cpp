#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/stopping.hpp>

namespace bierl {

namespace {
constexpr std::chrono::milliseconds kBetweenAsking{50};
thread_local StopScope* innermost = nullptr;
}  // namespace

StopScope::StopScope(Wait wait)
    : wait_(std::move(wait)), asked_(std::chrono::steady_clock::now()), outer_(std::exchange(innermost, this)) {}

StopScope::StopScope(const std::atomic<bool>* flag) : flag_(flag), outer_(std::exchange(innermost, this)) {}

StopScope::~StopScope() { innermost = outer_; }

bool StopScope::ask() {
  if (flag_ != nullptr) return flag_->load(std::memory_order_relaxed);
  if (!wait_) return outer_ != nullptr && outer_->ask();
  if (stopped_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (now - asked_ < kBetweenAsking) return false;
  stopped_ = !wait_();
  asked_ = std::chrono::steady_clock::now();
  return stopped_;
}

bool asked_to_stop() { return innermost != nullptr && innermost->ask(); }

void stop_if_asked() {
  if (asked_to_stop()) throw Interrupted();
}

bool can_be_stopped() { return innermost != nullptr; }

}  // namespace bierl
