/// A persistent thread pool: workers catch, the caller throws.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bierl {

/// Runs jobs on its own threads while the caller waits. The first error stops the handing out of further jobs, is kept,
/// and is rethrown where `run` was called; the pool can be used again. Any number of threads may call run: they take
/// turns. No one may be in run, or about to be, when the pool is destroyed.
class ThreadPool {
 public:
  using Job = std::function<void(std::size_t worker, std::size_t job)>;
  using Wait = std::function<bool()>;

  /// Throws ArgumentError when threads < 1, or when so many cannot be started.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()); }

  /// Calls job(worker, j) once for each j in [0, jobs), handed out in this order; worker < threads() names the thread.
  /// `wait`, if given, is called by the calling thread about every 50 ms, also while it waits for its turn; when it
  /// answers false no further job starts, `stopping` turns true, and after the running jobs have ended Interrupted is
  /// thrown. ArgumentError when called by a job of this pool, which would wait for itself, and in a forked child.
  void run(std::size_t jobs, const Job& job, const Wait& wait = nullptr);

  /// True once the running call is to end early; long jobs read it and return.
  [[nodiscard]] const std::atomic<bool>& stopping() const { return stopping_; }

 private:
  void work(std::size_t worker);
  void close();
  void take_jobs(std::size_t worker);
  std::unique_lock<std::timed_mutex> take_turn(const Wait& wait);
  void wait_for_workers(std::unique_lock<std::mutex>& lock, const Wait& wait, bool& interrupted);

  std::vector<std::thread> workers_;
  const int process_;      // the pool is this process's alone
  std::timed_mutex turn_;  // one caller at a time
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const Job* job_ = nullptr;
  std::size_t jobs_ = 0;
  std::size_t round_ = 0;
  std::size_t busy_ = 0;
  bool closing_ = false;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopping_{false};
  std::exception_ptr error_;
};

}  // namespace bierl
