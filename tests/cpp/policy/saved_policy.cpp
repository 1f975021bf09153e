// Policies out of policy.npz: the actions that Python gives, and what is said of damaged files.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <bierl/core/error.hpp>
#include <bierl/policy/saved_policy.hpp>

#include "../check.hpp"

namespace bierl::test {
namespace {

std::vector<double> numbers(const std::string& text) {
  std::istringstream words(text);
  std::vector<double> found;
  for (std::string word; words >> word;)
    found.push_back(std::strtod(word.c_str(), nullptr));  // >> reads no hexadecimal
  return found;
}

using Content = std::vector<unsigned char>;

Content content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What is said of a file with this content.
std::string said_of(const Content& content) { return MESSAGE_OF(FileError, (void)SavedPolicy::read(content)); }

TEST(actions_are_those_of_python) {
  std::ifstream file(data_folder() + "/policy_actions.txt");
  int lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t first = line.find(" | "), second = line.find(" | ", first + 3);
    const auto policy = SavedPolicy::load(data_folder() + "/" + line.substr(0, first));
    const auto observation = numbers(line.substr(first + 3, second - first - 3));
    const auto expected = numbers(line.substr(second + 3));
    const auto action = policy.act(observation);
    if (policy.first_action().has_value()) {
      CHECK(static_cast<double>(policy.choice(action)) == expected.at(0));
    } else if (!policy.choices().empty() || policy.switches()) {
      const auto chosen = policy.chosen(action);
      CHECK(std::vector<double>(chosen.begin(), chosen.end()) == expected);
      CHECK(contains(MESSAGE_OF(ArgumentError, (void)policy.choice(action)), "take chosen(outputs)"));
    } else {
      CHECK(std::vector<double>(action.begin(), action.end()) == expected);
      CHECK(contains(MESSAGE_OF(ArgumentError, (void)policy.choice(action)), "answers a box of actions"));
      CHECK(contains(MESSAGE_OF(ArgumentError, (void)policy.chosen(action)), "take the outputs as they are"));
    }
    ++lines;
  }
  CHECK(lines == 80);
}

TEST(what_a_file_says) {
  const auto policy = SavedPolicy::load(data_folder() + "/policies/evolved.npz");
  CHECK(policy.task() == "Hopper-v5");
  CHECK((policy.shape().network.sizes == std::vector<std::size_t>{11, 6, 3, 3}));
  CHECK(policy.shape().squash == Squash::tanh && policy.shape().noise == ActionNoise::evolved);
  CHECK(policy.shape().low.at(1) == -0.5F && policy.shape().high.at(2) == 0.25F);
  CHECK(policy.parameters().size() == policy.shape().parameter_count());
  CHECK(policy.normalizer().mean.size() == 11);
  CHECK(contains(MESSAGE_OF(ShapeError, (void)policy.act(std::vector<double>(3))), "expected 11 (what the policy of"));
}

TEST(what_a_file_says_of_choices) {
  const auto policy = SavedPolicy::load(data_folder() + "/policies/choices.npz");
  CHECK(policy.choices().size() == 3 && policy.choices()[2].outputs == 4 && policy.choices()[2].first == -3);
  CHECK((policy.chosen(std::vector<float>{0, 2, 2, 5, 1, 1, 1, 1}) == std::vector<std::int64_t>{1, 7, -3}));
  CHECK(contains(MESSAGE_OF(ShapeError, (void)policy.chosen(std::vector<float>(3))), "expected 8"));
  const auto switches = SavedPolicy::load(data_folder() + "/policies/switches.npz");
  CHECK((switches.chosen(std::vector<float>{0.0F, 1e-9F, -1.0F}) == std::vector<std::int64_t>{0, 1, 0}));
}

TEST(files_that_are_none) {
  const Content whole = content(data_folder() + "/policies/evolved.npz");
  CHECK(contains(MESSAGE_OF(FileError, SavedPolicy::load("absent.npz")), "absent.npz: there is no such file"));
  CHECK(contains(MESSAGE_OF(FileError, SavedPolicy::load(data_folder())), "there is no such file"));
  CHECK(contains(MESSAGE_OF(FileError, SavedPolicy::load(data_folder() + "/policy_actions.txt")),
                 "policy_actions.txt: it is damaged or no archive (it has no table of contents)"));
  CHECK(contains(said_of({}), "it has no table of contents"));
  for (std::ptrdiff_t length = 0; length < std::ssize(whole); ++length)
    (void)said_of({whole.begin(), whole.begin() + length});
}

TEST(every_byte_may_be_another) {
  // Whatever a byte becomes, the file is refused or it is a policy still; a sanitizer watches over the reading.
  for (const char* name : {"discrete", "choices"}) {
    const Content whole = content(data_folder() + "/policies/" + name + ".npz");
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const unsigned char byte : {'\x00', '\x01', '1', '}', '\x7F'}) {
        Content other = whole;
        other[at] = byte;
        try {
          const auto policy = SavedPolicy::read(other);
          const auto action = policy.act(std::vector<double>(policy.shape().observations()));
          if (!policy.choices().empty()) (void)policy.chosen(action);
        } catch (const FileError&) {
          ++refused;
        }
      }
    CHECK(refused > static_cast<int>(whole.size()));
  }
}

}  // namespace
}  // namespace bierl::test
