#include <unistd.h>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/parallel.hpp>

namespace bierl {

namespace {
constexpr std::chrono::milliseconds kBetweenWaits{50};
thread_local const ThreadPool* working_for = nullptr;  // the pool whose worker this thread is
}  // namespace

ThreadPool::ThreadPool(int threads) : process_(getpid()) {
  require(threads >= 1, "threads must be at least 1, got " + std::to_string(threads));
  workers_.reserve(static_cast<std::size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) workers_.emplace_back([this, i] { work(static_cast<std::size_t>(i)); });
  } catch (const std::system_error& error) {
    const std::size_t started = workers_.size();
    close();
    throw ArgumentError("could not start " + std::to_string(threads) + " threads, only " + std::to_string(started) +
                        " (" + error.what() + "); ask for fewer");
  }
}

ThreadPool::~ThreadPool() { close(); }

void ThreadPool::close() {
  if (getpid() != process_) {  // a forked child has no such threads to wait for
    for (auto& worker : workers_) worker.detach();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  start_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::work(std::size_t worker) {
  working_for = this;
  std::size_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    start_.wait(lock, [&] { return closing_ || round_ != seen; });
    if (closing_) return;
    seen = round_;
    lock.unlock();
    take_jobs(worker);
    lock.lock();
    if (--busy_ == 0) done_.notify_all();
  }
}

void ThreadPool::take_jobs(std::size_t worker) {
  for (std::size_t j; !stopping_.load(std::memory_order_relaxed) && (j = next_.fetch_add(1)) < jobs_;) {
    try {
      (*job_)(worker, j);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stopping_ = true;
    }
  }
}

void ThreadPool::wait_for_workers(std::unique_lock<std::mutex>& lock, const Wait& wait, bool& interrupted) {
  const auto idle = [&] { return busy_ == 0; };
  if (!wait) {
    done_.wait(lock, idle);
    return;
  }
  while (!done_.wait_for(lock, kBetweenWaits, idle)) {
    lock.unlock();
    const bool go_on = wait();
    lock.lock();
    if (go_on) continue;
    interrupted = true;
    stopping_ = true;
  }
}

std::unique_lock<std::timed_mutex> ThreadPool::take_turn(const Wait& wait) {
  std::unique_lock turn(turn_, std::defer_lock);
  while (!turn.try_lock_for(kBetweenWaits)) {
    if (wait && !wait()) throw Interrupted();
  }
  return turn;
}

void ThreadPool::run(std::size_t jobs, const Job& job, const Wait& wait) {
  if (jobs == 0) return;
  require(getpid() == process_,
          "threads do not survive a fork: this pool was made by another process; make it anew in the child");
  require(working_for != this, "a job cannot run jobs on its own pool, it would wait for itself; give it another pool");
  const auto turn = take_turn(wait);
  std::unique_lock lock(mutex_);
  job_ = &job;
  jobs_ = jobs;
  next_ = 0;
  stopping_ = false;
  error_ = nullptr;
  busy_ = workers_.size();
  ++round_;
  start_.notify_all();
  bool interrupted = false;
  wait_for_workers(lock, wait, interrupted);
  job_ = nullptr;
  if (const auto error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
  if (interrupted) throw Interrupted();
}

}  // namespace bierl
