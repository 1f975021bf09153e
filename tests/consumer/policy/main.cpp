// A trained policy on a robot: observations in, actions out, without Python. Argument: a policy.npz.
#include <cstdio>
#include <vector>

#include <bierl/policy/saved_policy.hpp>

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: consumer_policy POLICY.npz < observations\n");
    return 2;
  }
  try {
    const auto policy = bierl::SavedPolicy::load(arguments[1]);
    std::vector<double> observation(policy.shape().observations());
    std::vector<float> scratch(policy.shape().scratch_size()), action(policy.shape().actions());
    std::printf("# %s: %zu -> %zu\n", policy.task().c_str(), observation.size(), action.size());
    for (std::size_t at = 0; std::scanf("%lf", &observation[at]) == 1; at = (at + 1) % observation.size()) {
      if (at + 1 < observation.size()) continue;
      policy.act(observation, scratch, action);  // the control loop: nothing is allocated here
      for (const float number : action) std::printf("%.9g ", static_cast<double>(number));
      std::printf("\n");
    }
  } catch (const bierl::FileError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
