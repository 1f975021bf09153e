// What an episode does around its environment.
#include <algorithm>
#include <cmath>
#include <vector>

#include <bierl/core/actor.hpp>

#include "../check.hpp"
#include "../noise.hpp"

namespace bierl::test {
namespace {

TEST(actions_have_an_address) {
  PolicyShape shape;
  shape.network.sizes.assign({1, 1});
  shape.low.assign(1, -2.0F);
  shape.high.assign(1, 2.0F);
  shape.noise = ActionNoise::fixed;
  shape.log_std = std::log(0.5F);
  const Normalizer plain;
  const std::vector<float> parameters{1.0F, 0.0F};  // the action is the observation, and noise
  const std::vector<float> eps = row_of(kKey.with(Purpose::action), 3, 70);
  ActorMemory memory(shape);
  double count = 0.0, mean = 0.0, m2 = 0.0;
  std::vector<double> descriptor(behavior_size(Behavior::actions, shape));
  Actor actor;
  actor.shape = &shape;
  actor.normalizer = &plain;
  actor.parameters = parameters.data();
  actor.action_key = kKey.with(Purpose::action);
  actor.action_row = 3;
  actor.noisy = true;
  actor.moments = {&count, {&mean, 1}, {&m2, 1}};
  actor.behavior = Behavior::actions;
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

}  // namespace
}  // namespace bierl::test
