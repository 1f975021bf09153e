/// The bare loop of the Box2D tasks: reset and step over recorded actions. The baseline of box2d.py.
///
///     seeds, actions -> threads take episodes from a counter -> Task::reset, Task::step, and nothing else
///
/// A C interface, loaded by bench/box2d.py: no policy, no observation taken, no statistics, no error handling. What a
/// step computes beside the engine's own (forces of the action, reward, lidar) is 1 to 2 % of it.
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <bierl/box2d/task_table.hpp>

namespace {

struct Bare {
  std::vector<std::unique_ptr<bierl::Task>> tasks;  // one for each thread
};

struct Work {
  std::int64_t episodes;
  const std::uint64_t* seeds;  // (E,)
  const std::int64_t* first;   // (E + 1,) an episode's first row in `actions`
  const float* actions;        // (steps, A)
  double* totals;              // (E,) out
};

void run_episodes(bierl::Task& task, const Work& work, std::atomic<std::int64_t>& next) {
  for (std::int64_t e = next++; e < work.episodes; e = next++) {
    bierl::NumpyRandom random(work.seeds[e]);
    task.reset(random);
    double total = 0;
    for (std::int64_t step = work.first[e]; step < work.first[e + 1]; ++step)
      total += task.step(work.actions + step * task.action_size()).reward;
    work.totals[e] = total;
  }
}

}  // namespace

extern "C" {

Bare* bare_make(const char* id, const char* library, int threads) {
  const bierl::TaskFactory factory = bierl::box2d::task_factory(*bierl::box2d::look_up(id), {}, library);
  auto bare = std::make_unique<Bare>();
  for (int i = 0; i < threads; ++i) bare->tasks.push_back(factory.make());
  return bare.release();
}

void bare_run(Bare* bare, const Work* work) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::thread> threads;
  for (const auto& task : bare->tasks) threads.emplace_back([&] { run_episodes(*task, *work, next); });
  for (std::thread& thread : threads) thread.join();
}

void bare_free(Bare* bare) { delete bare; }

}  // extern "C"
