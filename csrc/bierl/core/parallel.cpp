#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/stopping.hpp>
#include <bierl/core/turn.hpp>

namespace bierl {

namespace {
constexpr std::chrono::milliseconds kBetweenWaits{50};

/// What debuggers, `top -H` and profilers call this thread; a name has 15 characters at most.
void name_thread([[maybe_unused]] std::size_t worker) {
#ifdef __linux__
  pthread_setname_np(pthread_self(), ("bierl-" + std::to_string(worker)).substr(0, 15).c_str());
#endif
}
}  // namespace

struct ThreadPool::Shared {
  void work(std::size_t worker);
  void take_jobs(std::size_t worker);

  std::vector<std::thread> workers;
  std::timed_mutex turn;                 // one caller at a time
  std::atomic<std::uint32_t> caller{0};  // that one's thread_number
  std::mutex mutex;
  std::condition_variable start, done;
  const Job* job = nullptr;
  std::size_t jobs = 0;
  std::size_t round = 0;
  std::size_t busy = 0;
  bool closing = false;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopping{false};
  std::exception_ptr error;
};

namespace {
thread_local const void* working_for = nullptr;  // the Shared whose worker this thread is
}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(threads), process_(getpid()), shared_(std::make_unique<Shared>()) {
  require(threads >= 1, "threads must be at least 1, got " + std::to_string(threads));
  Shared& own = *shared_;
  own.workers.reserve(static_cast<std::size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) own.workers.emplace_back([&own, i] { own.work(static_cast<std::size_t>(i)); });
  } catch (const std::system_error& error) {
    const std::size_t started = own.workers.size();
    close();
    throw ArgumentError("could not start " + std::to_string(threads) + " threads, only " + std::to_string(started) +
                        " (" + error.what() + "); ask for fewer");
  }
}

ThreadPool::~ThreadPool() { close(); }

void ThreadPool::close() {
  if (getpid() != process_) {
    // The threads are the parent's, and waiting for them, as even a condition variable does that they wait on when it
    // is destroyed, would never end: the child's copy is left as it is.
    static_cast<void>(shared_.release());  // NOLINT(bugprone-unused-return-value)
    return;
  }
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closing = true;
  }
  shared_->start.notify_all();
  for (auto& worker : shared_->workers) worker.join();
}

const std::atomic<bool>& ThreadPool::stopping() const { return shared_->stopping; }

void ThreadPool::Shared::work(std::size_t worker) {
  working_for = this;
  name_thread(worker);
  const StopScope scope(&stopping);
  std::size_t seen = 0;
  std::unique_lock lock(mutex);
  while (true) {
    start.wait(lock, [&] { return closing || round != seen; });
    if (closing) return;
    seen = round;
    lock.unlock();
    take_jobs(worker);
    lock.lock();
    if (--busy == 0) done.notify_all();
  }
}

void ThreadPool::Shared::take_jobs(std::size_t worker) {
  for (std::size_t j; !stopping.load(std::memory_order_relaxed) && (j = next.fetch_add(1)) < jobs;) {
    try {
      (*job)(worker, j);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      stopping = true;
    }
  }
}

void ThreadPool::wait_for_workers(std::unique_lock<std::mutex>& lock, const Wait& wait, bool& interrupted) {
  const auto idle = [&] { return shared_->busy == 0; };
  if (!wait && !can_be_stopped()) {
    shared_->done.wait(lock, idle);
    return;
  }
  while (!shared_->done.wait_for(lock, kBetweenWaits, idle)) {
    lock.unlock();
    const bool go_on = wait ? wait() : !asked_to_stop();
    lock.lock();
    if (go_on) continue;
    interrupted = true;
    shared_->stopping = true;
  }
}

void ThreadPool::take_turn(std::unique_lock<std::timed_mutex>& turn, const Wait& wait) {
  require(working_for != shared_.get(),
          "a job cannot run jobs on its own pool, it would wait for itself; give it another pool");
  require(shared_->caller != thread_number(),
          "these threads are at work for this very thread: a signal handler cannot use what it interrupted, which "
          "would wait for itself; set a flag in the handler and act on it outside");
  while (!turn.try_lock_for(kBetweenWaits))
    if (!(wait ? wait() : !asked_to_stop())) throw Interrupted();
}

void ThreadPool::run(std::size_t jobs, const Job& job, const Wait& wait) {
  if (jobs == 0) return;
  require(getpid() == process_,
          "threads do not survive a fork: this pool was made by another process; make it anew in the child");
  Shared& own = *shared_;
  std::unique_lock turn(own.turn, std::defer_lock);
  take_turn(turn, wait);
  own.caller = thread_number();
  std::unique_lock lock(own.mutex);
  own.job = &job;
  own.jobs = jobs;
  own.next = 0;
  own.stopping = false;
  own.error = nullptr;
  own.busy = own.workers.size();
  ++own.round;
  own.start.notify_all();
  bool interrupted = false;
  wait_for_workers(lock, wait, interrupted);
  own.job = nullptr;
  own.caller = 0;
  if (const auto error = std::exchange(own.error, nullptr)) std::rethrow_exception(error);
  if (interrupted) throw Interrupted();
}

}  // namespace bierl
