// Errors of MuJoCo become values.
#include <thread>
#include <vector>

#include <bierl/mujoco/handles.hpp>
#include <bierl/mujoco/task_table.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

using namespace bierl::mujoco;

void raise_error(const mjModel*, mjData*, int, void*) { mju_error("raised by the test"); }
void count_up(const mjModel*, mjData*, int, void* argument) { ++*static_cast<int*>(argument); }

TEST(errors_end_the_guarded_function_alone) {
  const Model model = load_task_model("InvertedPendulum-v5", assets_folder());
  Guard guard(model.get());
  int count = 0;
  CHECK(guard.run(count_up, &count));
  CHECK(!guard.run(raise_error, nullptr));
  CHECK(contains(guard.error(), "raised by the test"));
  CHECK(guard.run(count_up, &count));
  CHECK(guard.error().empty());
  CHECK(count == 2);
}

TEST(two_guards_in_two_threads, threads) {
  const Model model = load_task_model("InvertedPendulum-v5", assets_folder());
  std::vector<int> passed(2);
  std::vector<int> caught(2);
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < 2; ++who) {
    threads.emplace_back([&, who] {
      Guard guard(model.get());
      for (int i = 0; i < 500; ++i) {
        guard.run(count_up, &passed[who]);
        if (!guard.run(raise_error, nullptr)) ++caught[who];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t who = 0; who < 2; ++who) CHECK(passed[who] == 500 && caught[who] == 500);
}

}  // namespace
}  // namespace bierl::test
