/// One thread at a time in an object, and no waiting for what can never come.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace bierl {

/// A lock that knows who holds it. Waiting ends early with Interrupted where the thread's work is asked to stop.
class Turn {
 public:
  /// Waits until the object is this thread's. `what` names it in errors. ArgumentError when this very thread holds it
  /// already (a signal handler calls what it interrupted), or when a thread held it that a fork has left behind.
  void take(std::string_view what);
  /// Takes it where nobody holds it; waits for nothing.
  [[nodiscard]] bool take_at_once();
  /// Whether this thread holds it.
  [[nodiscard]] bool mine() const;
  /// By the thread that took it.
  void pass_on();

  /// While alive, the object is this thread's.
  class Held {
   public:
    Held(Turn& turn, std::string_view what) : turn_(turn) { turn_.take(what); }
    ~Held() { turn_.pass_on(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    Turn& turn_;
  };

 private:
  std::atomic<std::uint64_t> holder_{0};  // process and thread; 0: nobody
};

/// A number that no other running thread of this process has; at least 1.
[[nodiscard]] std::uint32_t thread_number();

}  // namespace bierl
