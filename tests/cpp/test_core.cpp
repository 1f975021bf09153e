// test_core DATA: the kernels, shapings, buffers and the thread pool without Python. DATA is tests/data.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <bierl/core/actor.hpp>
#include <bierl/core/error.hpp>
#include <bierl/core/fitness_buffer.hpp>
#include <bierl/core/functions.hpp>
#include <bierl/core/moments.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/parallel.hpp>
#include <bierl/core/philox.hpp>
#include <bierl/core/policy.hpp>
#include <bierl/core/replay.hpp>
#include <bierl/core/shaping.hpp>

#include "check.hpp"

namespace {

using namespace bierl;

const NoiseKey kKey{0x123456789ABCDEF0, 7, 1, Purpose::noise};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<float> row_of(const NoiseKey& key, std::uint32_t row, std::size_t count) {
  std::vector<float> out(count);
  normals(key, row, out);
  return out;
}

void test_philox(const std::string& data) {
  std::ifstream file(data + "/philox_kat.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::uint32_t w[10] = {};
    for (std::uint32_t& word : w) words >> std::hex >> word;
    CHECK(!words.fail());
    CHECK((philox4x32({w[0], w[1], w[2], w[3]}, {w[4], w[5]}) == PhiloxCounter{w[6], w[7], w[8], w[9]}));
    ++lines;
  }
  CHECK(lines == 3);
}

void test_normals() {
  const auto whole = row_of(kKey, 3, 1000);
  for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 999U}) {
    const auto part = row_of(kKey, 3, count);
    CHECK(std::equal(part.begin(), part.end(), whole.begin()));
  }
  std::vector<float> later(300);
  normals_from(kKey, 3, 2, later);
  CHECK(std::equal(later.begin(), later.end(), whole.begin() + 128));
  CHECK(row_of(kKey, 4, 1000) != whole);
  CHECK(row_of(kKey.with(Purpose::action), 3, 1000) != whole);
  CHECK(uniform64(kKey, 3, 0) != uniform64(kKey, 3, 1));
}

void test_perturb() {
  const std::vector<float> theta(100, 0.5F);
  std::vector<float> out(100);
  perturb(theta, 0.1F, kKey, 3, {}, out);
  std::vector<float> in_place = theta;
  perturb(in_place, 0.1F, kKey, 3, {}, in_place);
  CHECK(in_place == out);
  const std::vector<float> ones(100, 1.0F);
  perturb(theta, 0.1F, kKey, 3, ones, in_place);
  CHECK(in_place == out);
  const auto noise = row_of(kKey, 3, 100);
  for (std::size_t p = 0; p < 100; ++p) CHECK(out[p] == 0.5F + 0.1F * noise[p]);
  CHECK(contains(MESSAGE_OF(ShapeError, perturb(theta, 0.1F, kKey, 3, {}, std::span(out).first(99))),
                 "out has 99 elements, expected 100"));
  CHECK(contains(MESSAGE_OF(ShapeError, perturb(theta, 0.1F, kKey, 3, std::span(ones).first(7), out)),
                 "scale has 7 elements, expected 100"));
}

void test_gradient() {
  const std::vector<std::uint32_t> rows{5, 0, 9};
  const std::vector<float> weights{0.5F, -2.0F, 0.25F};
  std::vector<float> alone(10'001), shared(10'001);
  gradient(kKey, rows, weights, alone);
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    std::fill(shared.begin(), shared.end(), 0.0F);
    gradient(kKey, rows, weights, shared, &pool);
    CHECK(shared == alone);
  }
  const auto first = row_of(kKey, 5, 3), second = row_of(kKey, 0, 3), third = row_of(kKey, 9, 3);
  for (std::size_t p = 0; p < 3; ++p) CHECK(alone[p] == (0.5F * first[p] + -2.0F * second[p]) + 0.25F * third[p]);
  std::vector<float> squares(10'001), shared_squares(10'001);
  scale_gradient(kKey, rows, weights, squares);
  ThreadPool two(2);
  scale_gradient(kKey, rows, weights, shared_squares, &two);
  CHECK(shared_squares == squares);
  const auto less_one = [](float eps) { return eps * eps - 1.0F; };
  for (std::size_t p = 0; p < 3; ++p) {
    const float sum = 0.5F * less_one(first[p]) + -2.0F * less_one(second[p]);
    CHECK(squares[p] == sum + 0.25F * less_one(third[p]));
  }
  CHECK(contains(MESSAGE_OF(ShapeError, gradient(kKey, rows, std::span(weights).first(2), alone)),
                 "weights has 2 elements, expected 3"));
}

void test_pool_runs_every_job_once() {
  ThreadPool pool(3);
  std::vector<int> runs(1000);
  std::vector<std::size_t> workers(1000);
  pool.run(1000, [&](std::size_t worker, std::size_t job) { ++runs[job], workers[job] = worker; });
  pool.run(0, [&](std::size_t, std::size_t) { CHECK(false); });
  for (std::size_t job = 0; job < 1000; ++job) CHECK(runs[job] == 1 && workers[job] < 3);
  CHECK(contains(MESSAGE_OF(ArgumentError, ThreadPool(0)), "threads must be at least 1, got 0"));
}

void test_pool_keeps_the_first_error() {
  ThreadPool pool(2);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::atomic<int> started{0};
    const auto fail = [&](std::size_t, std::size_t job) {
      ++started;
      if (job == 3) throw std::runtime_error("job 3");
    };
    CHECK(MESSAGE_OF(std::runtime_error, pool.run(100'000, fail)) == "job 3");
    CHECK(started < 100'000);
    std::atomic<int> done{0};
    pool.run(10, [&](std::size_t, std::size_t) { ++done; });  // usable again
    CHECK(done == 10);
  }
}

void test_pool_is_interrupted() {
  ThreadPool pool(2);
  const auto wait_to_stop = [&](std::size_t, std::size_t) {
    while (!pool.stopping()) std::this_thread::yield();
  };
  CHECK(MESSAGE_OF(Interrupted, pool.run(5, wait_to_stop, [] { return false; })) == "interrupted");
  int done = 0;
  pool.run(1, [&](std::size_t, std::size_t) { ++done; }, [] { return true; });
  CHECK(done == 1);
}

void test_two_callers_take_turns() {
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

void test_shapings() {
  const std::vector<double> fitness{3.0, 1.0, 3.0, 2.0};
  const bool none[4] = {};
  const bool all[4] = {true, true, true, true};
  const bool second[4] = {false, true, false, false};
  std::vector<float> weights(4), other(4);
  centered_rank_utilities(fitness, none, weights);
  CHECK(weights[0] == weights[2] && weights[1] == -0.125F);
  log_rank_utilities(fitness, none, weights);
  CHECK(weights[0] == weights[2] && std::abs(weights[0] + weights[1] + weights[2] + weights[3]) < 1e-6F);
  raw_weights(fitness, second, weights);
  raw_weights(std::vector<double>{3.0, 2.0, 3.0, 2.0}, none, other);
  CHECK(weights == other);
  standardized_weights(fitness, none, 1, weights);
  CHECK(weights[2] == 0.0F && weights[3] == 0.0F && weights[0] == 3.0F && weights[1] == 1.0F);
  CHECK(contains(MESSAGE_OF(ArgumentError, raw_weights(fitness, all, weights)), "all 4 candidates failed"));
  CHECK(contains(MESSAGE_OF(ShapeError, raw_weights(fitness, none, std::span(weights).first(3))),
                 "weights has 3 elements, expected 4"));
  CHECK(contains(MESSAGE_OF(ArgumentError, standardized_weights(fitness, none, 3, weights)), "top must be in [1, 2]"));
}

void test_fitness_buffer() {
  FitnessBuffer buffer(2, 3, 1);
  CHECK(buffer.features() == 10 && buffer.filled() == 0 && buffer.window().size() == 20);
  const bool none[3] = {};
  const double setting[1] = {0.5};
  for (int generation = 0; generation < 5; ++generation) {
    const double level = generation;
    buffer.push(std::vector<double>{level, level + 1, level + 2}, none, level + 1, setting);
    const auto newest = buffer.window().last(10);
    CHECK(newest[1] == 0.0F && newest[0] == -newest[2] && newest[0] < 0.0F);
    CHECK(newest[3] == 0.0F && newest[4] == 0.0F && newest[7] == 0.5F && newest[8] == 0.0F && newest[9] == 1.0F);
    CHECK((newest[5] > 0.0F) == (generation > 0));
  }
  CHECK(buffer.filled() == 2 && buffer.last_mean() == 5.0);
  FitnessBuffer other(2, 3, 1);
  other.restore(buffer.window(), buffer.filled(), buffer.last_mean(), buffer.last_center());
  CHECK(std::equal(buffer.window().begin(), buffer.window().end(), other.window().begin()));
  const bool all[1] = {true};
  CHECK(contains(MESSAGE_OF(ArgumentError, buffer.push(std::vector<double>{1.0}, all, 0.0, setting)), "all 1 cand"));
}

void test_moments() {
  const std::vector<double> values{1.0, 2.0, 4.0, 8.0, 16.0};
  double counts[2] = {}, means[2] = {}, m2s[2] = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t half = i < 2 ? 0 : 1;
    add_to_moments({&counts[half], {&means[half], 1}, {&m2s[half], 1}}, &values[i]);
  }
  double count = 0.0, mean = 0.0, m2 = 0.0;
  merge_rows({&count, {&mean, 1}, {&m2, 1}}, counts, means, m2s);
  // 6.2 and 148.8 by hand; a handful of float64 roundings.
  CHECK(count == 5.0 && std::abs(mean - 6.2) < 1e-14 && std::abs(m2 - 148.8) < 1e-12);
  CHECK(contains(MESSAGE_OF(ShapeError, merge_rows({&count, {&mean, 1}, {&m2, 1}}, counts, {means, 1}, m2s)),
                 "mean has 1 elements, expected 2"));
}

void test_actor() {
  PolicyShape shape;
  shape.network.sizes.assign({1, 1});
  shape.low.assign(1, -2.0F);
  shape.high.assign(1, 2.0F);
  shape.noise = ActionNoise::fixed;
  shape.log_std = std::log(0.5F);
  const Normaliser plain;
  const std::vector<float> parameters{1.0F, 0.0F};  // the action is the observation, and noise
  const std::vector<float> eps = row_of(kKey.with(Purpose::action), 3, 70);
  ActorMemory memory(shape);
  double count = 0.0, mean = 0.0, m2 = 0.0;
  std::vector<double> descriptor(behaviour_size(Behaviour::actions, shape));
  Actor actor;
  actor.shape = &shape;
  actor.normaliser = &plain;
  actor.parameters = parameters.data();
  actor.action_key = kKey.with(Purpose::action);
  actor.action_row = 3;
  actor.noisy = true;
  actor.moments = {&count, {&mean, 1}, {&m2, 1}};
  actor.behaviour = Behaviour::actions;
  actor.descriptor = descriptor.data();
  actor.memory = &memory;
  for (int episode = 0; episode < 2; ++episode) {  // the second from the same address
    actor.begin();
    std::vector<double> taken;
    for (std::size_t t = 0; t < eps.size(); ++t) {  // past a tile of noise
      const double observation = 0.01 * static_cast<double>(t);
      float action = 0.0F;
      actor.act(&observation, &action);
      const float exact = static_cast<float>(observation) + std::exp(shape.log_std) * eps[t];
      CHECK(action == std::min(2.0F, std::max(-2.0F, exact)));
      taken.push_back(action);
    }
    actor.finish(&mean);  // no final_observation asked for: nothing happens
    CHECK(descriptor == (std::vector<double>{taken[0], taken[1], taken[68], taken[69]}));
  }
  CHECK(count == 140.0 && std::abs(mean - 0.345) < 1e-12);
}

void test_policy() {
  PolicyShape shape;
  shape.network.sizes.assign({2, 3, 1});
  shape.network.activation = Activation::relu;
  shape.low.assign(1, -1.0F);
  shape.high.assign(1, 1.0F);
  shape.check();
  CHECK(shape.parameter_count() == 13);
  const std::vector<float> ones(13, 1.0F);
  const double observation[2] = {0.25, -2.0};
  std::vector<float> scratch(shape.scratch_size());
  float action = 0.0F;
  act(shape, {}, ones.data(), observation, scratch.data(), &action);
  CHECK(action == 1.0F);  // three hidden units at max(0, -0.75), then the bias
  const Normaliser seen = Normaliser::from_moments(4.0, std::vector<double>{0.25, 0.0}, std::vector<double>{4.0, 16.0});
  std::vector<float> half(13, 0.25F);
  act(shape, seen, half.data(), observation, scratch.data(), &action);
  CHECK(action == 0.25F + 3 * 0.25F * 0.0F);  // inputs 0 and -1: hidden units at max(0, 0.25 - 0.25)
  CHECK(contains(MESSAGE_OF(ShapeError, seen.check(3)), "normaliser has 2 elements, expected 3"));
}

// Two episodes recorded as a rollout does, then a memory of three transitions of the five.
void test_replay() {
  const TransitionShape shape{2, 1};
  std::vector<float> steps(3 * shape.width());
  const TransitionRecorder recorder{steps.data(), shape};
  ReplayBuffer buffer(shape, 3);
  for (const std::size_t length : {3, 2}) {
    for (std::size_t step = 0; step < length; ++step) {
      const double level = static_cast<double>(10 * length + step);
      const double observation[2] = {level, -level};
      const float action[1] = {0.5F};
      recorder.saw(step, observation);
      recorder.did(step, action);
      recorder.answered(step, 2.0 * level, length == 2 && step == 1);
    }
    const double last[2] = {-1.0, -2.0};
    recorder.ended(length, last);
    buffer.append({steps.data(), length * shape.width()});
  }
  std::vector<float> kept(buffer.size() * shape.width());
  buffer.copy_to(kept);
  const std::vector<float> expected{32, -32, 0.5, 64, -1,  -2,  0,  20, -20, 0.5, 40,
                                    21, -21, 0,   21, -21, 0.5, 42, -1, -2,  1};
  CHECK(kept == expected);
  float before[2], after[2], action[1], reward[1], terminated[1];
  buffer.sample(kKey, 4, {before, action, reward, after, terminated});
  CHECK(reward[0] == 2.0F * before[0] && action[0] == 0.5F);
  CHECK(
      contains(MESSAGE_OF(ArgumentError, buffer.append({steps.data(), 8})), "transitions have 7 numbers each, got 8"));
  CHECK(contains(MESSAGE_OF(ArgumentError, ReplayBuffer(shape, 2).sample(kKey, 0, {})), "no transitions to draw"));
}

// A population of `rows` pairs around a base of ones.
struct Pairs {
  explicit Pairs(std::size_t rows, std::size_t dimension)
      : base(dimension, 1.0F), base_r(rows, 0), sigma(rows, 0.5F), noise(rows), sign(rows, 1), episode(rows) {
    for (std::size_t r = 0; r < rows; ++r) {
      noise[r] = episode[r] = static_cast<std::int32_t>(r / 2);
      if (r % 2 == 1) sign[r] = -1;
    }
  }
  PopulationView view() const { return {kKey, base, {}, base_r, sigma, noise, sign, episode}; }

  std::vector<float> base;
  std::vector<std::int32_t> base_r;
  std::vector<float> sigma;
  std::vector<std::int32_t> noise;
  std::vector<std::int8_t> sign;
  std::vector<std::int32_t> episode;
};

void test_population_is_checked() {
  Pairs pairs(6, 3);
  pairs.sign[4] = 2;
  CHECK(contains(MESSAGE_OF(ArgumentError, pairs.view().check(3)), "row 4 of the population: sign must be -1, 0 or 1"));
  pairs.sign[4] = 1;
  pairs.base_r[5] = 1;
  CHECK(contains(MESSAGE_OF(ArgumentError, pairs.view().check(3)), "row 5 of the population: base 1 of 1"));
  pairs.base_r[5] = 0;
  pairs.view().check(3);
  std::vector<float> out(3 * 3);
  CHECK(contains(MESSAGE_OF(ArgumentError, population_parameters(pairs.view(), 4, 3, out)), "rows 4 to 7 of a popula"));
  population_parameters(pairs.view(), 3, 3, out);
  std::vector<float> row(3);
  row_parameters(pairs.view(), 4, row);
  CHECK(std::equal(row.begin(), row.end(), out.begin() + 3));
}

// Enough rows that the threads take part.
void test_functions_on_threads() {
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
  CHECK(contains(MESSAGE_OF(ArgumentError, function_named("sphere")), "known: quadratic, rosenbrock, rastrigin, ack"));
}

double slow_first(const float* x, std::int64_t count) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count > 0 ? static_cast<double>(*x) : 0.0;
}

void test_functions_are_interrupted() {
  const Pairs pairs(20'000, 2);
  std::vector<double> returns(20'000);
  FunctionRollout rollout(std::make_shared<ExternalFunction>(&slow_first, 2), 0.0, 2);
  // Ten seconds of work, given up when the pool asks for the first time, after 50 ms.
  CHECK(contains(MESSAGE_OF(Interrupted, rollout.evaluate(pairs.view(), returns, [] { return false; })), "interrupt"));
  CHECK(contains(MESSAGE_OF(ArgumentError, ExternalFunction(nullptr, 2)), "has an address, got 0"));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: test_core DATA\n");
    return 2;
  }
  test_philox(arguments[1]);
  test_normals();
  test_perturb();
  test_gradient();
  test_pool_runs_every_job_once();
  test_pool_keeps_the_first_error();
  test_pool_is_interrupted();
  test_two_callers_take_turns();
  test_shapings();
  test_fitness_buffer();
  test_moments();
  test_actor();
  test_replay();
  test_policy();
  test_population_is_checked();
  test_functions_on_threads();
  test_functions_are_interrupted();
  return bierl::test::verdict();
}
