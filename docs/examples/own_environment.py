"""Train on an environment of one's own: any gymnasium.Env. Here a mass is to be brought to rest at the origin.

python docs/examples/own_environment.py; in this folder also: bierl train own_environment:make_mass --generations 20
"""

from typing import Any

import gymnasium
import numpy as np

import bierl_fast as bf


class Mass(gymnasium.Env[np.ndarray, np.ndarray]):
    """Observation: place and speed. Action: a force in [-1, 1]. Reward: minus the squared distance."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)  # all randomness comes from np_random: then a seed repeats an episode
        self.state = self.np_random.uniform(-1.0, 1.0, 2)
        return self.state, {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        place, speed = self.state
        self.state = np.array([place + 0.1 * speed, speed + 0.1 * float(action[0])])
        return self.state, -float(place**2), False, False, {}


def make_mass() -> gymnasium.Env[np.ndarray, np.ndarray]:  # called in each worker process; an import path finds it too
    return gymnasium.wrappers.TimeLimit(Mass(), max_episode_steps=100)


if __name__ == "__main__":  # worker processes import this file, too
    config = bf.Config(task=make_mass, hidden=(), meta="none", sigma=0.1, learning_rate=0.1, population=16, workers=2)
    result = bf.train(config.replace(generations=12))  # raise to 100 for one that holds the mass still
    print("mean return", result.metrics[0]["mean_return"], "->", result.metrics[-1]["mean_return"])
    print("force at (1, 0):", result.policy.act(np.array([1.0, 0.0])))
