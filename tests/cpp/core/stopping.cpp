// How work ends early, and whose turn it is.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/fitness_buffer.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/knn.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/replay.hpp>
#include <bierl/core/shaping.hpp>
#include <bierl/core/stopping.hpp>
#include <bierl/core/turn.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

constexpr std::chrono::milliseconds kBeyond{60};  // when the next question is due
const NoiseKey kKey{1, 2, 0};

// A scope of this thread that says stop at its first question, which is due.
struct Stopped {
  Stopped() : scope([] { return false; }) { std::this_thread::sleep_for(kBeyond); }
  StopScope scope;
};

TEST(nobody_asks_without_a_scope) {
  CHECK(!asked_to_stop() && !can_be_stopped());
  stop_if_asked();
  const StopScope empty(nullptr);
  CHECK(!asked_to_stop() && can_be_stopped());
}

TEST(the_innermost_scope_is_asked_and_an_empty_one_passes_on) {
  int asked = 0;
  const StopScope outer([&] { return ++asked < 2; });
  CHECK(!asked_to_stop() && asked == 0);  // not yet due
  std::this_thread::sleep_for(kBeyond);
  const StopScope empty(nullptr);
  CHECK(!asked_to_stop() && asked == 1);
  {
    const std::atomic<bool> yes{true};
    const StopScope inner(&yes);
    CHECK(asked_to_stop() && asked == 1);
  }
  std::this_thread::sleep_for(kBeyond);
  CHECK(asked_to_stop() && asked_to_stop() && asked == 2 && outer.stopped() && !empty.stopped());
}

TEST(kernels_end_early) {
  const TestFunction function({FunctionKind::quadratic, 1 << 20, 1.0, {}, 0.0, 0});
  std::vector<double> scratch(function.scratch_size());
  const Stopped now;
  std::vector<float> long_row(3 << 20);
  const auto interrupted = [](const auto& call) { CHECK(MESSAGE_OF(Interrupted, call()) == "interrupted"); };
  interrupted([&] { normals(kKey, 0, long_row); });
  interrupted([&] { perturb(long_row, 0.1F, kKey, 0, {}, long_row); });
  const std::vector<std::uint32_t> rows(3);
  const std::vector<float> weights(3, 1.0F);
  interrupted([&] { gradient(kKey, rows, weights, long_row); });
  ThreadPool pool(2);
  const std::vector<std::uint32_t> many(300'000);
  const std::vector<float> each(many.size(), 1.0F);
  interrupted([&] { scale_gradient(kKey, many, each, long_row, &pool); });  // hours, if it went on
  const std::vector<double> archive(1 << 12), queries(1 << 6);
  std::vector<double> distance(queries.size());
  interrupted([&] { knn_mean_distance(queries, archive, 1, 3, distance); });
  const std::vector<float> x(function.dimension());
  interrupted([&] { function.value(x, scratch); });
  interrupted([&] { TestFunction({FunctionKind::rosenbrock, 1 << 20, 1.0, {}, 2.0, 0}); });
  interrupted([&] { static_cast<void>(largest_scale(x)); });
}

TEST(what_looks_at_every_candidate_ends_early) {
  const Stopped now;
  const std::size_t count = std::size_t{1} << 20;
  std::vector<double> fitness(count);
  for (std::size_t i = 0; i < count; ++i) fitness[i] = static_cast<double>(i * 7 % count);
  const std::unique_ptr<bool[]> failed = std::make_unique<bool[]>(count);
  std::vector<float> weights(count);
  const auto interrupted = [](const auto& call) { CHECK(MESSAGE_OF(Interrupted, call()) == "interrupted"); };
  interrupted([&] { log_rank_utilities(fitness, {failed.get(), count}, weights); });
  interrupted([&] { centered_rank_utilities(fitness, {failed.get(), count}, weights); });
  interrupted([&] { standardized_weights(fitness, {failed.get(), count}, 3, weights); });
  FitnessBuffer buffer(2, 3, 0);
  interrupted([&] { buffer.push(fitness, {failed.get(), count}, 0.0, {}); });
  CHECK(buffer.filled() == 0);
}

TEST(moments_that_are_stopped_stay_as_they_were) {
  double sum = 0.0;
  std::vector<double> mean(1), m2(1);
  const std::vector<double> ones(std::size_t{1} << 20, 1.0);
  {
    const Stopped now;
    CHECK(MESSAGE_OF(Interrupted, merge_rows({&sum, mean, m2}, ones, ones, ones)) == "interrupted");
  }
  CHECK(sum == 0.0 && mean[0] == 0.0);
  merge_rows({&sum, mean, m2}, ones, ones, ones);
  CHECK(sum == static_cast<double>(ones.size()) && mean[0] == 1.0);
}

TEST(a_replay_memory_holds_whole_transitions_when_it_is_stopped) {
  ReplayBuffer buffer({1, 1}, 1 << 20);
  const std::size_t width = buffer.shape().width();
  const std::vector<float> many((std::size_t{1} << 19) * width);
  {
    const Stopped now;
    CHECK(MESSAGE_OF(Interrupted, buffer.append(many)) == "interrupted");
  }
  CHECK(buffer.size() > 0 && buffer.size() < many.size() / width);
  CHECK(buffer.records().size() == buffer.size() * width);
}

TEST(a_job_is_told_when_its_caller_is_asked_to_stop, threads) {
  ThreadPool pool(2);
  const StopScope scope([] { return false; });
  const auto until_told = [](std::size_t, std::size_t) {
    while (true) {
      stop_if_asked();
      std::this_thread::yield();
    }
  };
  CHECK(MESSAGE_OF(Interrupted, pool.run(2, until_told)) == "interrupted");
}

TEST(a_call_from_what_a_call_waits_for, threads) {
  ThreadPool pool(2);
  std::string message;
  const auto nothing = [](std::size_t, std::size_t) {};
  const auto again = [&] {
    message = MESSAGE_OF(ArgumentError, pool.run(1, nothing));
    return false;
  };
  const auto until_told = [&](std::size_t, std::size_t) {
    while (!asked_to_stop()) std::this_thread::yield();
  };
  CHECK(MESSAGE_OF(Interrupted, pool.run(2, until_told, again)) == "interrupted");
  CHECK(contains(message, "a signal handler cannot use what it interrupted"));
  pool.run(3, nothing);
}

TEST(turns_are_one_threads_at_a_time, threads) {
  Turn turn;
  long count = 0;
  std::vector<std::thread> callers;
  for (int who = 0; who < 3; ++who) {
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 2000; ++repeat) {
        const Turn::Held held(turn, "thing");
        ++count;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(count == 6000);
  const Turn::Held held(turn, "thing");
  CHECK(contains(MESSAGE_OF(ArgumentError, turn.take("thing")), "this thing is in the middle of a call"));
}

TEST(waiting_for_a_turn_ends_early, threads) {
  Turn turn;
  const Turn::Held held(turn, "thing");
  std::thread([&] {
    const StopScope scope([] { return false; });
    CHECK(MESSAGE_OF(Interrupted, turn.take("thing")) == "interrupted");
  }).join();
}

// What a forked child exits with after `body`; -1: it did not come back in 20 s.
template <class Body>
int in_a_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    body();
    _exit(failures() == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_forked_child_frees_its_copy_of_a_pool) {
  auto pool = std::make_unique<ThreadPool>(3);
  pool->run(10, [](std::size_t, std::size_t) {});
  CHECK(in_a_child([&] { pool.reset(); }) == 0);
  CHECK(in_a_child([&] {
          CHECK(contains(MESSAGE_OF(ArgumentError, pool->run(1, [](std::size_t, std::size_t) {})), "survive a fork"));
        }) == 0);
  pool->run(10, [](std::size_t, std::size_t) {});
}

TEST(a_forked_child_is_told_of_half_written_memory) {
  Turn turn;
  std::atomic<bool> taken{false}, enough{false};
  std::thread other([&] {
    const Turn::Held held(turn, "thing");
    taken = true;
    while (!enough) std::this_thread::yield();
  });
  while (!taken) std::this_thread::yield();
  CHECK(in_a_child([&] {
          CHECK(contains(MESSAGE_OF(ArgumentError, turn.take("thing")), "when the process was forked"));
        }) == 0);
  enough = true;
  other.join();
  ReplayBuffer whole({1, 1}, 4);
  CHECK(in_a_child([&] { whole.append(std::vector<float>(5)); }) == 0);  // nobody was in it
}

}  // namespace
}  // namespace bierl::test
