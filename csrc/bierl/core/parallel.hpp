/// A persistent thread pool: workers catch, the caller throws.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace bierl {

/// Runs jobs on its own threads while the caller waits. The first error stops the handing out of further jobs, is kept,
/// and is rethrown where `run` was called; the pool can be used again. Any number of threads may call run: they take
/// turns. No one may be in run, or about to be, when the pool is destroyed. A forked child has none of the threads: it
/// may destroy its copy of the pool and no more.
class ThreadPool {
 public:
  using Job = std::function<void(std::size_t worker, std::size_t job)>;
  using Wait = std::function<bool()>;

  /// Throws ArgumentError when threads < 1, or when so many cannot be started.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const { return threads_; }

  /// Calls job(worker, j) once for each j in [0, jobs), handed out in this order; worker < threads() names the thread.
  /// `wait`, if given, is called by the calling thread about every 50 ms, also while it waits for its turn; when it
  /// answers false no further job starts, `stopping` turns true, and after the running jobs have ended Interrupted is
  /// thrown. Without one, a StopScope of the calling thread is asked; jobs can ask too (stopping.hpp). ArgumentError
  /// where it would wait for itself, when called by a job of this pool or by what `wait` calls, and in a forked child.
  void run(std::size_t jobs, const Job& job, const Wait& wait = nullptr);

  /// True once the running call is to end early; long jobs read it and return.
  [[nodiscard]] const std::atomic<bool>& stopping() const;

 private:
  struct Shared;  // with the threads
  void wait_for_workers(std::unique_lock<std::mutex>& lock, const Wait& wait, bool& interrupted);
  void take_turn(std::unique_lock<std::timed_mutex>& turn, const Wait& wait);
  void close();

  const int threads_;
  const int process_;  // the pool is this process's alone
  std::unique_ptr<Shared> shared_;
};

}  // namespace bierl
