/// How long work ends early: it asks now and then, and whoever waits for it has said whom.
///
///     StopScope(wait) -> kernels, pools, tasks ... asked_to_stop() ... -> Interrupted
///
/// What a thread does within a StopScope asks that scope. Without one nothing ever asks to stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

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

/// Numbers looked at between two questions: below a millisecond, where each takes a nanosecond.
inline constexpr std::size_t kBetweenQuestions = std::size_t{1} << 18;

/// visit(begin, count) for each part of so many elements, in order; between two of them the work can be stopped.
template <class Visit>
void in_parts(std::size_t elements, std::size_t part, const Visit& visit) {
  for (std::size_t begin = 0; begin < elements; begin += part) {
    if (begin > 0) stop_if_asked();
    visit(begin, std::min(part, elements - begin));
  }
}

/// visit(i) for each i < count; now and then the work can be stopped.
template <class Visit>
void each_in_parts(std::size_t count, const Visit& visit) {
  in_parts(count, kBetweenQuestions, [&](std::size_t begin, std::size_t size) {
    for (std::size_t i = begin; i < begin + size; ++i) visit(i);
  });
}

/// Work that comes in small pieces: `did` asks once so many numbers were looked at. Comparisons of a sort call it too.
class Pace {
 public:
  void did(std::size_t numbers) {
    done_ += numbers;
    if (done_ < kBetweenQuestions) return;
    done_ = 0;
    stop_if_asked();
  }

 private:
  std::size_t done_ = 0;
};

/// A vector of so many elements. The system hands memory out as it is first written to, a second for some gigabytes.
template <class T>
std::vector<T> filled(std::size_t count, T value = {}) {
  std::vector<T> all;
  all.reserve(count);
  in_parts(count, kBetweenQuestions, [&](std::size_t begin, std::size_t size) { all.resize(begin + size, value); });
  return all;
}

}  // namespace bierl
