// The thread pool.
#include <pthread.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/parallel.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

TEST(pool_runs_every_job_once, threads) {
  ThreadPool pool(3);
  std::vector<int> runs(1000);
  std::vector<std::size_t> workers(1000);
  pool.run(1000, [&](std::size_t worker, std::size_t job) { ++runs[job], workers[job] = worker; });
  pool.run(0, [&](std::size_t, std::size_t) { CHECK(false); });
  for (std::size_t job = 0; job < 1000; ++job) CHECK(runs[job] == 1 && workers[job] < 3);
  CHECK(contains(MESSAGE_OF(ArgumentError, ThreadPool(0)), "threads must be at least 1, got 0"));
}

TEST(pool_keeps_the_first_error, threads) {
  ThreadPool pool(2);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::atomic<int> started{0};
    const auto fail = [&](std::size_t, std::size_t job) {
      ++started;
      if (job == 3) throw std::runtime_error("job 3");
      while (job > 1000 && !pool.stopping()) std::this_thread::yield();  // the thread of job 3 may be late
    };
    CHECK(MESSAGE_OF(std::runtime_error, pool.run(100'000, fail)) == "job 3");
    CHECK(started < 100'000);
    std::atomic<int> done{0};
    pool.run(10, [&](std::size_t, std::size_t) { ++done; });  // usable again
    CHECK(done == 10);
  }
}

TEST(pool_is_interrupted, threads) {
  ThreadPool pool(2);
  const auto wait_to_stop = [&](std::size_t, std::size_t) {
    while (!pool.stopping()) std::this_thread::yield();
  };
  CHECK(MESSAGE_OF(Interrupted, pool.run(5, wait_to_stop, [] { return false; })) == "interrupted");
  int done = 0;
  pool.run(1, [&](std::size_t, std::size_t) { ++done; }, [] { return true; });
  CHECK(done == 1);
}

TEST(two_callers_take_turns, threads) {
  ThreadPool pool(2);
  std::vector<long> sums(2);
  std::vector<std::thread> callers;
  for (std::size_t who = 0; who < 2; ++who) {
    callers.emplace_back([&, who] {
      for (int repeat = 0; repeat < 200; ++repeat) {
        std::vector<long> values(50);
        pool.run(50, [&](std::size_t, std::size_t job) { values[job] = static_cast<long>(job); });
        sums[who] += std::accumulate(values.begin(), values.end(), 0L);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sums[0] == 200 * 1225 && sums[1] == 200 * 1225);
}

#ifdef __linux__
TEST(threads_have_names, threads) {
  ThreadPool pool(2);
  std::vector<std::string> names(64);
  pool.run(64, [&](std::size_t worker, std::size_t job) {
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof name);
    names[job] = name;
    if (names[job] != "bierl-" + std::to_string(worker)) names[job] += " is not worker " + std::to_string(worker);
  });
  for (const std::string& name : names) CHECK(name == "bierl-0" || name == "bierl-1");
}
#endif

TEST(a_job_cannot_use_its_own_pool, threads) {
  ThreadPool pool(2), other(2);
  const auto nothing = [](std::size_t, std::size_t) {};
  const auto within = [&](ThreadPool& inner) { pool.run(4, [&](std::size_t, std::size_t) { inner.run(4, nothing); }); };
  CHECK(contains(MESSAGE_OF(ArgumentError, within(pool)), "a job cannot run jobs on its own pool"));
  within(other);
}

TEST(waiting_for_a_turn_is_interrupted, threads) {
  ThreadPool pool(2);
  std::atomic<bool> running{false}, enough{false};
  std::thread first([&] {
    pool.run(2, [&](std::size_t, std::size_t) {
      running = true;
      while (!enough) std::this_thread::yield();
    });
  });
  while (!running) std::this_thread::yield();
  const auto nothing = [](std::size_t, std::size_t) {};
  CHECK(MESSAGE_OF(Interrupted, pool.run(5, nothing, [] { return false; })) == "interrupted");
  CHECK(!pool.stopping());  // who is interrupted while waiting stops no one else
  enough = true;
  first.join();
}

}  // namespace
}  // namespace bierl::test
