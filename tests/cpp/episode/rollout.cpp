// Rollouts of a task without any simulator: errors, sizes, and who may call from where.
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/rollout.hpp>

#include "../check.hpp"
#include "point.hpp"

namespace bierl::test {
namespace {

Rollout::Settings settings(int threads) {
  Rollout::Settings made;
  made.shape = small_policy();
  made.max_steps = 30;
  made.threads = threads;
  return made;
}

TEST(the_same_bits_at_any_number_of_threads, threads) {
  Rollout one(points(), settings(1));
  Evaluation first(40, small_policy());
  first.run(one);
  CHECK(first.lengths[0] > 5 && first.returns[0] < 0.0 && !first.failed(0));
  for (const int threads : {2, 3}) {
    Rollout more(points(), settings(threads));
    Evaluation other(40, small_policy());
    other.run(more);
    CHECK(other == first);
  }
}

TEST(a_fault_touches_its_own_row_alone, threads) {
  Rollout sound(points(), settings(1));
  Evaluation expected(40, small_policy());
  expected.run(sound);
  for (const auto fault : {Point::Fault::simulator, Point::Fault::diverges}) {
    Rollout rollout(points(fault), settings(2));
    Evaluation got(40, small_policy());
    got.run(rollout);
    std::size_t failures = 0;
    for (std::size_t row = 0; row < 40; ++row) {
      if (got.failed(row)) {
        ++failures;
        CHECK(got.lengths[row] == (fault == Point::Fault::simulator ? 4 : 5));
      } else {
        CHECK(got.returns[row] == expected.returns[row]);
      }
    }
    CHECK(failures > 0 && failures < 40);
  }
}

TEST(an_exception_that_is_no_simulators_reaches_the_caller, threads) {
  Rollout rollout(points(Point::Fault::bug), settings(2));
  Evaluation evaluation(40, small_policy());
  CHECK(MESSAGE_OF(std::logic_error, evaluation.run(rollout)) == "a bug of the task");
}

TEST(sizes_are_checked) {
  Rollout rollout(points(), settings(1));
  const Pairs pairs(4, small_policy().parameter_count());
  std::vector<double> returns(4), means(7);
  std::vector<std::int32_t> lengths(3);
  bool failed[4];
  const auto evaluate = [&](const RowResults& results) {
    rollout.evaluate(pairs.view(), {}, {}, false, results, nullptr);
  };
  CHECK(contains(MESSAGE_OF(ShapeError, evaluate({.returns = returns, .lengths = lengths, .failed = failed})),
                 "lengths has 3 elements, expected 4"));
  lengths.resize(4);
  CHECK(contains(MESSAGE_OF(ShapeError, evaluate({.returns = returns,
                                                  .lengths = lengths,
                                                  .failed = failed,
                                                  .moment_count = returns,
                                                  .moment_mean = means,
                                                  .moment_m2 = means})),
                 "moment_mean has 7 elements, expected 8"));
  Rollout::Settings wide = settings(1);
  wide.shape = small_policy(3);
  CHECK(contains(MESSAGE_OF(ShapeError, Rollout(points(), wide)), "the observation size of Point"));
}

TEST(a_descriptor_is_written_where_there_is_room_for_it) {
  Rollout::Settings described = settings(1);
  described.behavior = Behavior::final_observation;
  Rollout rollout(points(), described);
  const Pairs pairs(4, small_policy().parameter_count());
  std::vector<double> returns(4), behavior(8);
  std::vector<std::int32_t> lengths(4);
  bool failed[4];
  const RowResults without{.returns = returns, .lengths = lengths, .failed = failed};
  rollout.evaluate(pairs.view(), {}, {}, false, without, nullptr);
  RowResults with = without;
  with.behavior = behavior;
  rollout.evaluate(pairs.view(), {}, {}, false, with, nullptr);
  CHECK(behavior[0] != 0.0);
}

TEST(two_callers_of_one_rollout_take_turns, threads) {
  Rollout rollout(points(), settings(2));
  Evaluation expected(40, small_policy());
  expected.run(rollout);
  std::vector<std::thread> callers;
  for (int who = 0; who < 2; ++who) {
    callers.emplace_back([&] {
      Evaluation own(40, small_policy());
      for (int repeat = 0; repeat < 20; ++repeat) own.run(rollout);
      CHECK(own == expected);
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(rollouts_come_and_go_beside_another, threads) {
  Rollout rollout(points(), settings(2));
  Evaluation expected(40, small_policy());
  expected.run(rollout);
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) {
      Rollout brief(points(), settings(2));
      Evaluation own(40, small_policy());
      own.run(brief);
      CHECK(own == expected);
    }
  });
  Evaluation own(40, small_policy());
  for (int repeat = 0; repeat < 50; ++repeat) own.run(rollout);
  done = true;
  other.join();
  CHECK(own == expected);
}

TEST(two_callers_are_interrupted_running_and_waiting, threads) {
  Rollout::Settings endless = settings(2);
  endless.max_steps = 2'000'000'000;
  Rollout rollout(points(Point::Fault::endless), endless);
  std::vector<std::thread> callers;
  for (int who = 0; who < 2; ++who) {
    callers.emplace_back([&] {
      Evaluation own(4, small_policy());
      int asked = 0;
      const auto wait = [&asked] { return ++asked < 3; };
      CHECK(MESSAGE_OF(Interrupted, own.run(rollout, wait)) == "interrupted");
      CHECK(asked == 3);
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::vector<double> returns(4);
  std::vector<std::int32_t> lengths(4);
  bool failed[4];
  rollout.evaluate(Pairs(4, small_policy().parameter_count()).view(), {}, {}, false,
                   {.returns = returns, .lengths = lengths, .failed = failed}, nullptr, 3);
  CHECK(lengths[0] == 3 && !failed[0]);  // usable again
}

}  // namespace
}  // namespace bierl::test
