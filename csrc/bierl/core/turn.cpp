#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <bierl/core/error.hpp>
#include <bierl/core/stopping.hpp>
#include <bierl/core/turn.hpp>

namespace bierl {

std::uint32_t thread_number() {
  static std::atomic<std::uint32_t> made{0};
  thread_local const std::uint32_t own = ++made;
  return own;
}

namespace {

std::uint64_t process_and_thread() {
  return std::uint64_t{static_cast<std::uint32_t>(getpid())} << 32 | thread_number();
}

}  // namespace

bool Turn::take_at_once() {
  std::uint64_t nobody = 0;
  return holder_.compare_exchange_strong(nobody, process_and_thread(), std::memory_order_acquire);
}

bool Turn::mine() const { return holder_.load(std::memory_order_relaxed) == process_and_thread(); }

void Turn::take(std::string_view what) {
  const std::uint64_t me = process_and_thread();
  std::chrono::microseconds pause{1};
  std::uint64_t holder = 0;
  while (!holder_.compare_exchange_weak(holder, me, std::memory_order_acquire)) {
    if (holder != 0) {  // else a spurious failure
      require(holder != me, "this " + std::string(what) +
                                " is in the middle of a call of the same thread, which a signal handler interrupted; "
                                "set a flag in the handler and act on it outside");
      require(holder >> 32 == me >> 32, "this " + std::string(what) +
                                            " was in use by another thread when the process was forked, and what it "
                                            "holds is half written; make it anew in the child");
      stop_if_asked();
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, std::chrono::microseconds(1000));
    }
    holder = 0;
  }
}

void Turn::pass_on() { holder_.store(0, std::memory_order_release); }

}  // namespace bierl
