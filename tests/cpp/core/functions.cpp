// Plain functions as tasks.
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/names.hpp>

#include "../check.hpp"
#include "../population.hpp"

namespace bierl::test {
namespace {

// Enough rows that the threads take part.
TEST(functions_on_threads, threads) {
  const Pairs pairs(20'001, 10);
  for (const FunctionKind kind : {FunctionKind::quadratic, FunctionKind::ackley}) {
    TestFunction::Settings settings;
    settings.kind = kind;
    settings.dimension = 10;
    settings.rotation_seed = 4;
    const auto function = std::make_shared<TestFunction>(settings);
    std::vector<double> scratch(function->scratch_size()), first(20'001), other(20'001);
    FunctionRollout(function, 0.25, 1).evaluate(pairs.view(), first, nullptr);
    FunctionRollout(function, 0.25, 3).evaluate(pairs.view(), other, nullptr);
    CHECK(first == other);
    std::vector<float> row(10);
    row_parameters(pairs.view(), 20'000, row);
    const double noise = 0.25 * static_cast<double>(row_of(kKey.with(Purpose::action), 10'000, 1).front());
    CHECK(first.back() == function->value(row, scratch) + noise);
  }
  CHECK(contains(MESSAGE_OF(ArgumentError, named<FunctionKind>("sphere")), "known: ackley, quadratic, rastrigin, ros"));
}

double slow_first(const float* x, std::int64_t count) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count > 0 ? static_cast<double>(*x) : 0.0;
}

TEST(functions_are_interrupted, threads) {
  const Pairs pairs(20'000, 2);
  std::vector<double> returns(20'000);
  FunctionRollout rollout(std::make_shared<ExternalFunction>(&slow_first, 2), 0.0, 2);
  // Ten seconds of work, given up when the pool asks for the first time, after 50 ms.
  CHECK(contains(MESSAGE_OF(Interrupted, rollout.evaluate(pairs.view(), returns, [] { return false; })), "interrupt"));
  CHECK(contains(MESSAGE_OF(ArgumentError, ExternalFunction(nullptr, 2)), "has an address, got 0"));
}

TEST(two_callers_of_one_function_rollout_take_turns, threads) {
  const Pairs pairs(5'000, 10);
  TestFunction::Settings settings;
  settings.dimension = 10;
  FunctionRollout rollout(std::make_shared<TestFunction>(settings), 0.25, 2);
  std::vector<std::vector<double>> returns(3, std::vector<double>(5'000));
  rollout.evaluate(pairs.view(), returns[2], nullptr);
  std::vector<std::thread> callers;
  for (std::size_t who = 0; who < 2; ++who) {
    callers.emplace_back([&, who] {
      for (int repeat = 0; repeat < 5; ++repeat) rollout.evaluate(pairs.view(), returns[who], nullptr);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(returns[0] == returns[2] && returns[1] == returns[2]);
}

}  // namespace
}  // namespace bierl::test
