// Noise by address: Philox, normals, perturbations, gradients.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/core/noise.hpp>
#include <bierl/core/philox.hpp>

#include "../check.hpp"
#include "../noise.hpp"

namespace bierl::test {
namespace {

TEST(philox_gives_the_known_answers) {
  std::ifstream file(data_folder() + "/philox_kat.txt");
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

TEST(a_longer_row_begins_with_the_shorter) {
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

TEST(perturbed_is_theta_and_scaled_noise) {
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

TEST(gradient_is_a_sum_in_row_order, threads) {
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

TEST(two_callers_share_a_pool, threads) {
  const std::vector<std::uint32_t> rows{5, 0, 9};
  const std::vector<float> weights{0.5F, -2.0F, 0.25F};
  std::vector<float> alone(10'001);
  gradient(kKey, rows, weights, alone);
  ThreadPool pool(2);
  std::vector<std::vector<float>> sums(2, std::vector<float>(10'001));
  std::vector<std::thread> callers;
  for (std::size_t who = 0; who < 2; ++who) {
    callers.emplace_back([&, who] {
      for (int repeat = 0; repeat < 10; ++repeat) gradient(kKey, rows, weights, sums[who], &pool);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(sums[0] == alone && sums[1] == alone);
}

}  // namespace
}  // namespace bierl::test
