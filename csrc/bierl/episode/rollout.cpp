#include <bierl/core/error.hpp>
#include <bierl/core/kernels.hpp>
#include <bierl/core/stopping.hpp>
#include <bierl/episode/rollout.hpp>

namespace bierl {

namespace {

void check_order(std::span<const std::int32_t> order, std::size_t rows) {
  if (order.empty()) return;
  require_size("order", order.size(), rows, "a permutation of the rows");
  std::vector<bool> seen(rows);
  for (const std::int32_t row : order) {
    const auto at = static_cast<std::size_t>(row);
    require(row >= 0 && at < rows && !seen[at],
            "order must be a permutation of the rows, and has " + std::to_string(row) + " twice or out of range");
    seen[at] = true;
  }
}

void require_steps(int max_steps) {
  require(max_steps >= 1, "an episode needs at least one step, got " + std::to_string(max_steps));
}

std::size_t width(const PolicyShape& shape) { return TransitionShape{shape.observations(), shape.actions()}.width(); }

void check_results(const Rollout::Settings& settings, const RowResults& results, std::size_t rows) {
  require_size("returns", results.returns.size(), rows, "one for each row");
  require_size("lengths", results.lengths.size(), rows, "one for each row");
  require_size("failed", results.failed.size(), rows, "one for each row");
  if (!results.moment_count.empty()) {
    const std::size_t observations = rows * settings.shape.observations();
    require_size("moment_count", results.moment_count.size(), rows, "one for each row");
    require_size("moment_mean", results.moment_mean.size(), observations, "one for each row and observation");
    require_size("moment_m2", results.moment_m2.size(), observations, "one for each row and observation");
  }
  if (!results.behavior.empty()) {
    require_size("behavior", results.behavior.size(), rows * behavior_size(settings.behavior, settings.shape),
                 "a descriptor for each row");
  }
  if (!results.entropy.empty()) require_size("entropy", results.entropy.size(), rows, "one for each row");
}

}  // namespace

/// One thread's task and memory.
struct Rollout::Worker {
  Worker(const Settings& settings, std::unique_ptr<Task> made)
      : task(std::move(made)),
        parameters(filled<float>(settings.shape.parameter_count())),
        observation(settings.shape.observations()),
        action(settings.shape.actions()),
        memory(settings.shape),
        records(filled<float>(
            settings.transitions ? static_cast<std::size_t>(settings.max_steps) * width(settings.shape) : 0)) {}

  std::unique_ptr<Task> task;
  std::vector<float> parameters;
  std::vector<double> observation;
  std::vector<float> action;
  ActorMemory memory;
  std::vector<float> records;  // one episode's transitions
};

Rollout::Rollout(const TaskFactory& tasks, Settings settings)
    : settings_(std::move(settings)), pool_(settings_.threads) {
  kernels();  // chosen now: an error of the choice must not leave an episode through a simulator's C frames
  settings_.shape.check();
  require_steps(settings_.max_steps);
  for (int i = 0; i < settings_.threads; ++i) workers_.push_back(std::make_unique<Worker>(settings_, tasks.make()));
  const Task& task = *workers_.front()->task;
  require_size("observation", settings_.shape.observations(), static_cast<std::size_t>(task.observation_size()),
               "the observation size of " + tasks.name);
  require_size("action", settings_.shape.actions(), static_cast<std::size_t>(task.action_size()),
               "the action size of " + tasks.name);
}

Rollout::~Rollout() = default;

void Rollout::run_row(Worker& worker, const PopulationView& population, const Normalizer& normalizer, int max_steps,
                      bool explore, std::size_t row, const RowResults& results) {
  row_parameters(population, row, worker.parameters);
  NumpyRandom random(reset_seed(population.key, population.episode[row]));
  EpisodeResult result;
  const std::size_t observations = settings_.shape.observations();
  const std::size_t descriptor = results.behavior.empty() ? 0 : behavior_size(settings_.behavior, settings_.shape);
  EpisodeContext context;
  context.task = worker.task.get();
  context.random = &random;
  context.stopping = &pool_.stopping();
  context.max_steps = max_steps;
  context.observation = worker.observation.data();
  context.action = worker.action.data();
  Actor& actor = context.actor;
  actor.shape = &settings_.shape;
  actor.normalizer = &normalizer;
  actor.parameters = worker.parameters.data();
  actor.action_key = population.key.with(Purpose::action);
  actor.action_row = static_cast<std::uint32_t>(population.episode[row]);
  actor.noisy = explore && settings_.shape.noise != ActionNoise::none;
  actor.behavior = descriptor > 0 ? settings_.behavior : Behavior::none;
  actor.memory = &worker.memory;
  if (!results.moment_count.empty()) {
    actor.moments = {&results.moment_count[row], results.moment_mean.subspan(row * observations, observations),
                     results.moment_m2.subspan(row * observations, observations)};
  }
  if (descriptor > 0) actor.descriptor = results.behavior.data() + row * descriptor;
  if (!results.transitions.empty()) actor.recorder = {worker.records.data(), {observations, settings_.shape.actions()}};
  context.result = &result;
  if (!worker.task->guarded(run_episode, &context)) result.failed = true;
  if (result.failed) keep_complaint(*worker.task);
  // What a failed simulation saw on its way out is orders of magnitude off: it must not reach the observation
  // statistics.
  if (result.failed && !results.moment_count.empty()) results.moment_count[row] = 0.0;
  if (!results.transitions.empty() && !result.failed) {
    const auto count = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(result.steps) * width(settings_.shape));
    results.transitions[row].assign(worker.records.begin(), worker.records.begin() + count);
  }
  results.returns[row] = result.total;
  results.lengths[row] = result.steps;
  results.failed[row] = result.failed;
  if (!results.entropy.empty()) results.entropy[row] = relative_entropy(settings_.shape, worker.parameters.data());
}

void Rollout::keep_complaint(const Task& task) {
  const std::lock_guard<std::mutex> lock(complaining_);
  if (complaint_.empty()) complaint_ = task.complaint();
}

std::string Rollout::complaint() {
  const std::lock_guard<std::mutex> lock(complaining_);
  if (told_ || complaint_.empty()) return {};
  told_ = true;
  return complaint_;
}

void Rollout::evaluate(const PopulationView& population, const Normalizer& normalizer,
                       std::span<const std::int32_t> order, bool explore, const RowResults& results,
                       const ThreadPool::Wait& wait, int max_steps) {
  if (max_steps == 0) max_steps = settings_.max_steps;
  require_steps(max_steps);
  population.check(settings_.shape.parameter_count());
  normalizer.check(settings_.shape.observations());
  const std::size_t rows = population.rows();
  check_results(settings_, results, rows);
  if (!results.transitions.empty()) {
    require(settings_.transitions, "these rollouts were built without room for transitions");
    require(max_steps <= settings_.max_steps, "these rollouts have room for the transitions of " +
                                                  std::to_string(settings_.max_steps) +
                                                  " steps, got max_steps = " + std::to_string(max_steps));
    require_size("transitions", results.transitions.size(), rows, "one for each row");
  }
  check_order(order, rows);
  pool_.run(
      rows,
      [&](std::size_t worker, std::size_t job) {
        const std::size_t row = order.empty() ? job : static_cast<std::size_t>(order[job]);
        run_row(*workers_[worker], population, normalizer, max_steps, explore, row, results);
      },
      wait);
}

}  // namespace bierl
