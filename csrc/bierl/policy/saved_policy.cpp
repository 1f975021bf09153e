#include <algorithm>
#include <cmath>
#include <utility>

#include <bierl/core/error.hpp>
#include <bierl/core/names.hpp>
#include <bierl/policy/json.hpp>
#include <bierl/policy/npz.hpp>
#include <bierl/policy/saved_policy.hpp>

namespace bierl {

namespace {

constexpr long long kFormat = 1, kWidest = 1LL << 24, kLargestAction = 1LL << 53;

PolicyShape shape_of(const Json& header) {
  PolicyShape shape;
  for (const double bound : header.numbers("low")) shape.low.push_back(static_cast<float>(bound));
  for (const double bound : header.numbers("high")) shape.high.push_back(static_cast<float>(bound));
  auto& sizes = shape.network.sizes;
  sizes.push_back(static_cast<std::size_t>(header.whole("observation_size", 1, kWidest)));
  for (const double size : header.numbers("hidden"))
    sizes.push_back(static_cast<std::size_t>(whole(size, "each of hidden", 1, kWidest)));
  sizes.push_back(shape.low.size());
  shape.log_std = static_cast<float>(header.number("log_std"));
  try {
    shape.network.activation = named<Activation>(header.text("activation"));
    shape.squash = named<Squash>(header.text("squash"));
    shape.noise = named<ActionNoise>(header.text("action_noise"));
    shape.check();
  } catch (const ArgumentError& error) {
    throw FileError(error.what());
  }
  return shape;
}

std::vector<SavedPolicy::Choice> choices_of(const Json& header, std::size_t outputs) {
  std::vector<SavedPolicy::Choice> made;
  if (header.at("choices").is_null()) return made;
  std::size_t all = 0;
  for (const double size : header.numbers("choices")) {
    made.push_back({static_cast<std::size_t>(whole(size, "each of choices", 1, kWidest)), 0});
    all += made.back().outputs;
  }
  if (all != outputs) throw FileError("choices in its header must hold " + std::to_string(outputs) + " outputs");
  if (header.at("first_choices").is_null()) return made;
  const auto first = header.numbers("first_choices");
  if (first.size() != made.size()) throw FileError("first_choices in its header must be as many as choices");
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i].first = whole(first[i], "each of first_choices", -kLargestAction, kLargestAction);
  return made;
}

std::int64_t largest(std::span<const float> outputs) {
  return std::max_element(outputs.begin(), outputs.end()) - outputs.begin();
}

template <typename Numbers>
void require_finite(std::string_view name, const Numbers& numbers, bool positive = false) {
  for (const auto number : numbers)
    if (!std::isfinite(number) || (positive && number < 0))
      throw FileError(std::string(name) + " must be finite" + (positive ? " and at least 0" : "") + ", got " +
                      std::to_string(number));
}

}  // namespace

SavedPolicy SavedPolicy::load(const std::filesystem::path& path) {
  try {
    return read(file_content(path));
  } catch (const FileError& error) {
    throw FileError(path.string() + ": " + error.what());
  }
}

SavedPolicy SavedPolicy::read(std::vector<unsigned char> content) {
  const Npz file(std::move(content));
  const Json header = Json::parse(file.text("header"));
  const std::string& kind = header.text("kind");
  const long long format = header.whole("format", 0, kWidest);
  if (kind != "policy" || format != kFormat)
    throw FileError("its header says " + kind + " of format " + std::to_string(format) + ", and a policy of format " +
                    std::to_string(kFormat) + " is wanted");
  SavedPolicy made;
  made.task_ = header.text("task");
  made.shape_ = shape_of(header);
  if (!header.at("first_action").is_null())
    made.first_action_ = header.whole("first_action", -kLargestAction, kLargestAction);
  made.choices_ = choices_of(header, made.shape_.actions());
  made.switches_ = header.flag("switches");
  made.parameters_ = file.floats("parameters", made.shape_.parameter_count());
  const std::size_t observations = made.shape_.observations();
  const auto count = file.doubles("obs_count", 1), mean = file.doubles("obs_mean", observations),
             m2 = file.doubles("obs_m2", observations);
  require_finite("parameters", made.parameters_);
  require_finite("obs_count", count, true);
  require_finite("obs_mean", mean);
  require_finite("obs_m2", m2, true);
  made.normalizer_ = Normalizer::from_moments(count[0], mean, m2);
  return made;
}

void SavedPolicy::act(std::span<const double> observation, std::span<float> scratch, std::span<float> action) const {
  require_size("observation", observation.size(), shape_.observations(), "what the policy of " + task_ + " sees");
  require_size("action", action.size(), shape_.actions(), "what the policy of " + task_ + " answers");
  require_size("scratch", scratch.size(), shape_.scratch_size(), "shape().scratch_size()");
  bierl::act(shape_, normalizer_, parameters_.data(), observation.data(), scratch.data(), action.data());
}

std::vector<float> SavedPolicy::act(std::span<const double> observation) const {
  std::vector<float> scratch(shape_.scratch_size()), action(shape_.actions());
  act(observation, scratch, action);
  return action;
}

std::int64_t SavedPolicy::choice(std::span<const float> outputs) const {
  if (!first_action_.has_value())
    throw ArgumentError("the policy of " + task_ + " answers " +
                        (choices_.empty() && !switches_ ? "a box of actions, and chooses none"
                                                        : "several choices or switches; take chosen(outputs)"));
  require_size("outputs", outputs.size(), shape_.actions(), "one for each action");
  return *first_action_ + largest(outputs);
}

std::vector<std::int64_t> SavedPolicy::chosen(std::span<const float> outputs) const {
  if (choices_.empty() && !switches_)
    throw ArgumentError("the policy of " + task_ + " answers neither several choices nor switches; take " +
                        (first_action_.has_value() ? "choice(outputs)" : "the outputs as they are"));
  require_size("outputs", outputs.size(), shape_.actions(), "what the policy of " + task_ + " answers");
  std::vector<std::int64_t> made;
  if (switches_) {
    for (const float output : outputs) made.push_back(output > 0 ? 1 : 0);
    return made;
  }
  for (const Choice& choice : choices_) {
    made.push_back(choice.first + largest(outputs.first(choice.outputs)));
    outputs = outputs.subspan(choice.outputs);
  }
  return made;
}

}  // namespace bierl
