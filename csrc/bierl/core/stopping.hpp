/// How long work ends early: it asks now and then, and whoever waits for it has said whom.
///
///     StopScope(wait) -> kernels, pools, tasks ... asked_to_stop() ... -> Interrupted
///
/// What a thread does within a StopScope asks that scope. Without one nothing ever asks to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

namespace bierl {

/// While alive, the work of the thread that made it can be asked to stop. The innermost one counts.
class StopScope {
 public:
  using Wait = std::function<bool()>;

  /// `wait` is called by `asked_to_stop`, at most every 50 ms; false means stop, and is not asked again. An empty one
  /// leaves it to the scope around this one.
  explicit StopScope(Wait wait);
  /// Stop once `*flag` is true.
  explicit StopScope(const std::atomic<bool>* flag);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// Whether `wait` has answered false. Asks nobody.
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  friend bool asked_to_stop();
  bool ask();

  const Wait wait_;
  const std::atomic<bool>* const flag_ = nullptr;
  bool stopped_ = false;
  std::chrono::steady_clock::time_point asked_;
  StopScope* const outer_;
};

/// Whether this thread's work is to end early. Takes about as long as reading a clock: ask every 10 us or less often.
/// Code that a simulator's error may leave by longjmp may call it.
[[nodiscard]] bool asked_to_stop();

/// Throws Interrupted when this thread's work is to end early.
void stop_if_asked();

/// Whether this thread is within a StopScope.
[[nodiscard]] bool can_be_stopped();

}  // namespace bierl
