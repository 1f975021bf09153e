// Tasks of one's own: Gymnasium's Hopper written as terms, and what is wrong with a description.
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/episode/native_env.hpp>
#include <bierl/mujoco/task_table.hpp>
#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/term_task.hpp>

#include "../check.hpp"

namespace {

using bierl::ArgumentError;
using bierl::EnvCore;
using bierl::OptionTable;
using bierl::TaskOptions;
using bierl::mujoco::terms::kId;
using Terms = std::vector<OptionTable>;
using Pair = std::array<double, 2>;
using bierl::test::assets_folder;
using bierl::test::contains;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string text(const char* value) { return value; }

TaskOptions hopper() {
  return {
      {"name", text("hopper")},
      {"model", assets_folder() + "/hopper.xml"},
      {"frame_skip", std::int64_t{4}},
      {"episode_steps", std::int64_t{1000}},
      {"observation", Terms{{{{"term", text("joint_positions")}, {"skip", std::int64_t{1}}}},
                            {{{"term", text("joint_velocities")}, {"clip", Pair{-10, 10}}}}}},
      {"reward", Terms{{{{"term", text("joint_positions")}, {"count", std::int64_t{1}}, {"rate", true}}},
                       {{{"term", text("alive")}}},
                       {{{"term", text("control_cost")}, {"weight", -1e-3}}}}},
      {"termination",
       Terms{{{{"term", text("joint_positions")}, {"joints", text("rootz")}, {"range", Pair{0.7, kInfinity}}}},
             {{{"term", text("joint_positions")}, {"joints", text("rooty")}, {"range", Pair{-0.2, 0.2}}}}}},
      {"reset", Terms{{{{"term", text("joint_positions")}, {"scale", 5e-3}}},
                      {{{"term", text("joint_velocities")}, {"scale", 5e-3}}}}},
  };
}

TaskOptions with(const char* name, bierl::OptionValue value) {
  TaskOptions options = hopper();
  options[name] = std::move(value);
  return options;
}

EnvCore make(const TaskOptions& options) { return EnvCore(bierl::mujoco::task_factory(kId, options, "")); }

std::string refusal(const TaskOptions& options) { return MESSAGE_OF(ArgumentError, make(options)); }

}  // namespace

TEST(hopper_as_terms_is_hopper) {
  EnvCore ours = make(hopper());
  EnvCore theirs(bierl::mujoco::task_factory("Hopper-v5", {}, assets_folder()));
  CHECK(ours.observation_size() == theirs.observation_size());
  CHECK(ours.max_episode_steps() == theirs.max_episode_steps());
  std::vector<double> seen(static_cast<std::size_t>(ours.observation_size()));
  std::vector<double> wanted = seen;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    ours.seed(seed);
    theirs.seed(seed);
    ours.reset(seen);
    theirs.reset(wanted);
    CHECK(seen == wanted);
    for (int i = 0; i < 100; ++i) {
      const std::vector<float> action = {0.1F * static_cast<float>(i % 7), -0.3F, 0.2F * static_cast<float>(i % 3)};
      const auto got = ours.step(action, seen);
      const auto want = theirs.step(action, wanted);
      CHECK(got.reward == want.reward && got.terminated == want.terminated);
      CHECK(seen == wanted);
      if (got.terminated) break;
    }
  }
}

TEST(a_wrong_description_says_where_and_what) {
  CHECK(contains(refusal(with("frame_skp", std::int64_t{3})), "did you mean 'frame_skip'?"));
  CHECK(contains(refusal(with("observation", Terms{})), "at least one term"));
  CHECK(contains(refusal(with("reward", Terms{{{{"term", text("alive")}}}, {{{"term", text("uprigtness")}}}})),
                 "named 'uprigtness'"));
  CHECK(contains(refusal(with("observation", Terms{{{{"term", text("joint_positions")}, {"joints", text("rotz")}}}})),
                 "named 'rotz'; did you mean 'rootz'?"));
  CHECK(contains(refusal(with("observation", Terms{{{{"term", text("joint_positions")}, {"skip", std::int64_t{6}}}}})),
                 "skip = 6 leaves none"));
  CHECK(contains(refusal(with("observation", Terms{{{{"term", text("sensors")}}}})), "nothing of the kind"));
  CHECK(
      contains(refusal(with("termination", Terms{{{{"term", text("action")}, {"range", Pair{1, 1}}}}})), "low < high"));
  CHECK(contains(refusal(with("reset", Terms{{{{"term", text("joint_velocitys")}, {"scale", 1.0}}}})),
                 "did you mean 'joint_velocities'?"));
  TaskOptions endless = hopper();
  endless.erase("episode_steps");
  CHECK(contains(refusal(endless), "episode_steps is missing"));
}

TEST(a_changed_model_is_refused) {
  const auto model = bierl::mujoco::load_model(assets_folder() + "/hopper.xml");
  const std::string hash = bierl::mujoco::model_hash(model.get());
  CHECK(hash.size() == 16);
  make(with("model_hash", hash));
  const TaskOptions other = with("model_hash", text("0123456789abcdef"));
  const std::string said = MESSAGE_OF(bierl::SimulationError, make(other));
  CHECK(contains(said, "was 0123456789abcdef and is now " + hash));
}

TEST(every_quantity_can_be_listed_and_names_its_options) {
  CHECK(!bierl::mujoco::terms::Description::keywords().empty());
  for (const auto& entry : bierl::mujoco::terms::quantities()) CHECK(!entry.help.empty());
}
