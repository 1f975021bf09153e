#include <bierl/mujoco/terms/term_task.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/episode/wrappers.hpp>
#include <bierl/mujoco/tasks/arithmetic.hpp>
#include <bierl/mujoco/terms/names.hpp>
#include <bierl/mujoco/terms/reading.hpp>
#include <bierl/mujoco/terms/resets.hpp>
#include <bierl/mujoco/terms/rewards.hpp>
#include <bierl/mujoco/terms/terminations.hpp>
#include <bierl/mujoco/terms/who.hpp>

namespace bierl::mujoco::terms {
namespace {

/// A description over one simulation: every name found.
struct Compiled {
  Compiled(const Simulation& simulation, const Description& task);

  Moment moment;
  std::vector<std::unique_ptr<Reading>> observation;
  std::vector<std::string> observation_names;  // what errors call them
  std::vector<RewardTerm> rewards;
  std::vector<std::string> reward_names;
  std::vector<std::unique_ptr<Termination>> terminations;
  std::vector<std::string> termination_names;
  std::vector<ResetTerm> resets;
  std::vector<Reading*> rates;  // those that remember
  bool reads_contact_forces = false;
  int keyframe = -1;
  int root = -1;  // body

 private:
  void look_after(Reading& reading) {
    if (reading.is_rate()) rates.push_back(&reading);
    reads_contact_forces = reads_contact_forces || reading.reads_contact_forces();
  }
  void label_apart();
};

// The body of the first joint, where it moves about.
int moving_body(const mjModel* model) {
  if (model->njnt == 0) return -1;
  const int kind = model->jnt_type[0];
  return kind == mjJNT_FREE || kind == mjJNT_SLIDE ? model->jnt_bodyid[0] : -1;
}

Compiled::Compiled(const Simulation& simulation, const Description& task)
    : moment{.model = simulation.model(),
             .data = simulation.data(),
             .dt = simulation.model()->opt.timestep * task.frame_skip,
             .action = std::vector<float>(static_cast<std::size_t>(simulation.model()->nu)),
             .previous_action = std::vector<float>(static_cast<std::size_t>(simulation.model()->nu))} {
  const mjModel* model = moment.model;
  require(model->nu > 0, task.name + ": the model has no actuators, so there is nothing to act with");
  // First, because they say of how many numbers the command is.
  for (std::size_t i = 0; i < task.reset.size(); ++i) {
    resets.emplace_back(who(task.name, "reset", i, task.reset[i]), task.reset[i], moment);
  }
  for (std::size_t i = 0; i < task.observation.size(); ++i) {
    const std::string name = who(task.name, "observation", i, task.observation[i]);
    OptionReader reader(name, task.observation[i]);
    const ReadingOptions read = ReadingOptions::read(reader);
    observation.push_back(
        std::make_unique<Reading>(find_quantity(name, term_of(reader)).make(reader, moment), read, moment.dt, name));
    observation_names.push_back(name);
    look_after(*observation.back());
  }
  for (std::size_t i = 0; i < task.reward.size(); ++i) {
    reward_names.push_back(who(task.name, "reward", i, task.reward[i]));
    rewards.push_back(make_reward(reward_names.back(), task.reward[i], moment));
    if (Reading* reading = rewards.back().reward->reading()) look_after(*reading);
  }
  for (std::size_t i = 0; i < task.termination.size(); ++i) {
    const TaskOptions& options = task.termination[i];
    termination_names.push_back(who(task.name, "termination", i, options));
    terminations.push_back(std::make_unique<Termination>(termination_names.back(), options, moment));
    look_after(terminations.back()->reading());
  }
  if (!task.keyframe.empty()) keyframe = find_named(model, mjOBJ_KEY, task.keyframe, task.name + ", keyframe");
  root = task.root.empty() ? moving_body(model) : find_named(model, mjOBJ_BODY, task.root, task.name + ", root");
  label_apart();
}

// Info has one entry for each label: the second of a label gets its number.
void Compiled::label_apart() {
  std::vector<std::string> taken;
  for (RewardTerm& term : rewards) {
    std::string label = term.label;
    for (int n = 2; std::find(taken.begin(), taken.end(), label) != taken.end(); ++n) {
      label = term.label + "_" + std::to_string(n);
    }
    term.label = label;
    taken.push_back(label);
  }
}

class TermTask final : public MujocoTask {
 public:
  TermTask(const std::shared_ptr<Simulation>& simulation, const Description& task, std::unique_ptr<Compiled> terms)
      : MujocoTask(simulation, layout(task, *terms)),
        terms_(std::move(terms)),
        seen_(static_cast<std::size_t>(observation_size())) {}

  void reset(NumpyRandom& random) override {
    clear();
    if (terms_->keyframe >= 0) {
      mj_resetDataKeyframe(model_, data_, terms_->keyframe);
      silence_warnings(data_);
    }
    for (const ResetTerm& term : terms_->resets) term.draw(random);
    mj_forward(model_, data_);
    std::fill(terms_->moment.action.begin(), terms_->moment.action.end(), 0.0F);
    std::fill(terms_->moment.previous_action.begin(), terms_->moment.previous_action.end(), 0.0F);
    terms_->moment.healthy = true;
    for (Reading* rate : terms_->rates) rate->remember();
    blamed_ = nullptr;
    look();
  }

  Step step(const float* action) override {
    Moment& moment = terms_->moment;
    for (Reading* rate : terms_->rates) rate->remember();
    moment.previous_action.swap(moment.action);
    std::copy_n(action, model_->nu, moment.action.data());
    simulate(action);
    if (terms_->reads_contact_forces) mj_rnePostConstraint(model_, data_);
    bool terminated = false;
    moment.healthy = true;
    for (std::size_t i = 0; i < terms_->terminations.size(); ++i) {
      Termination& termination = *terms_->terminations[i];
      if (!termination.holds()) continue;
      if (termination.undefined()) blame(terms_->termination_names[i], std::numeric_limits<double>::quiet_NaN());
      moment.healthy = false;
      terminated = terminated || termination.ends();
    }
    const Step answer{reward(), terminated};
    look();
    return answer;
  }

  void observe(double* out) const override { std::copy(seen_.begin(), seen_.end(), out); }

  bool diverged() override {
    const bool simulator = MujocoTask::diverged();
    return simulator || blamed_ != nullptr;
  }
  std::string complaint() const override {
    return blamed_ == nullptr ? "" : *blamed_ + (std::isnan(bad_) ? " gave nan" : " gave inf");
  }

  bool root_position(double xy[2]) const override {
    if (terms_->root < 0) return false;
    tasks::put(xy, data_->xpos + 3 * terms_->root, 2);
    return true;
  }

 private:
  static Layout layout(const Description& task, const Compiled& terms) {
    Layout layout{.observation_size = 0, .frame_skip = task.frame_skip, .reset_fields = {}, .step_fields = {}};
    for (const auto& reading : terms.observation) layout.observation_size += reading->size();
    for (const RewardTerm& term : terms.rewards) layout.step_fields.push_back({.name = "reward_" + term.label});
    return layout;
  }

  // A term that is not finite fails the episode; the first one is named.
  void blame(const std::string& term, double value) {
    if (blamed_ != nullptr) return;
    blamed_ = &term;
    bad_ = value;
  }

  // Reads what the policy sees.
  void look() {
    double* out = seen_.data();
    for (std::size_t i = 0; i < terms_->observation.size(); ++i) {
      Reading& reading = *terms_->observation[i];
      double* const first = out;
      out = tasks::put(out, reading.read(), reading.size());
      double off = 0;  // 0 as long as all are finite
      for (const double* each = first; each != out; ++each) off += *each * 0.0;
      if (off == 0.0) continue;
      blame(terms_->observation_names[i], *std::find_if_not(first, out, [](double x) { return std::isfinite(x); }));
    }
  }

  // What is earned less what it costs, each summed in the order of the terms.
  double reward() {
    double earned = 0;
    double cost = 0;
    double* each = info();
    for (std::size_t i = 0; i < terms_->rewards.size(); ++i) {
      const RewardTerm& term = terms_->rewards[i];
      const double value = term.reward->value();
      if (!std::isfinite(value)) blame(terms_->reward_names[i], value);
      *each++ = value;
      if (term.is_cost) {
        cost -= value;
      } else {
        earned += value;
      }
    }
    return earned - cost;
  }

  std::unique_ptr<Compiled> terms_;
  std::vector<double> seen_;             // what the policy sees
  const std::string* blamed_ = nullptr;  // the term that was not finite since reset
  double bad_ = 0;                       // what it gave
};

// The model, if it is what the description was made for.
Model load(const Description& task) {
  Model model = load_model(task.model);
  if (task.model_hash.empty()) return model;
  const std::string found = model_hash(model.get());
  if (found == task.model_hash) return model;
  throw SimulationError(task.name + ": the model '" + task.model +
                        "', or a file that it includes, is not what it was " + "when the task was made: its hash was " +
                        task.model_hash + " and is now " + found +
                        "; bring the files back as they were, or train anew");
}

}  // namespace

std::unique_ptr<Task> make_term_task(const std::shared_ptr<Simulation>& simulation, const Description& description) {
  auto terms = std::make_unique<Compiled>(*simulation, description);
  return std::make_unique<TermTask>(simulation, description, std::move(terms));
}

TaskFactory term_task_factory(const TaskOptions& options, std::optional<int> max_episode_steps) {
  const Description task = Description::read(options);
  return wrapped(
      {.name = task.name,
       .max_episode_steps = max_episode_steps.value_or(task.episode_steps),
       .make = [task, model = load(task)] { return make_term_task(std::make_shared<Simulation>(model), task); }},
      task.wrappers);
}

}  // namespace bierl::mujoco::terms
