"""Environments whose observations come in parts, in a module that worker processes can import."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


def _box(*shape: int, dtype: Any = np.float64) -> spaces.Box:
    return spaces.Box(-1.0, 1.0, shape, dtype)


class Words(gymnasium.Space[str]):
    """A space of somebody's own, which does not say whether it can be made a vector."""

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        return "pick up the ball"


PICTURE = spaces.Box(0, 255, (4, 5, 3), np.uint8)
SPACES: dict[str, Any] = {
    "goal": spaces.Dict({"observation": _box(3), "achieved_goal": _box(2), "desired_goal": _box(2)}),
    "ordered": spaces.Dict(OrderedDict([("speed", _box(2, dtype=np.float32)), ("place", _box())])),
    "nested": spaces.Dict(
        {
            "b": spaces.Tuple((spaces.Discrete(3, start=1), _box(2, 2), spaces.Dict({"z": _box(1), "y": _box(2)}))),
            "a": spaces.MultiBinary(2),
            "c": spaces.MultiDiscrete([2, 3]),
        }
    ),
    "tuple": spaces.Tuple((_box(2), spaces.Discrete(2))),
    "discrete": spaces.Discrete(5),
    "choices": spaces.MultiDiscrete([2, 4]),
    "picture": spaces.Dict({"camera": PICTURE, "speed": _box(2)}),
    "text": spaces.Dict({"mission": spaces.Text(4), "speed": _box(2)}),
    "graph": spaces.Dict({"net": spaces.Graph(_box(2), _box(1)), "speed": _box(2)}),
    "words": spaces.Dict({"mission": Words(), "speed": _box(2)}),
    "one text": spaces.Text(4),
    "sequence": spaces.Tuple((_box(2), spaces.Sequence(_box(1)))),
}


class Parted(gymnasium.Env[Any, Any]):
    """Ten steps of observations that its space draws; rewarded is an action near the sum of all numbers seen.

    `lacks`: a key that its observations have not, from the third step on.
    """

    def __init__(self, kind: str = "goal", lacks: str | None = None) -> None:
        self.observation_space = SPACES[kind]
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self._lacks = lacks

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.observation_space.seed(int(self.np_random.integers(2**31)))
        self._step = 0
        return self._seen(), {}

    def _seen(self) -> Any:
        seen = self.observation_space.sample()
        if self._lacks is not None and self._step >= 2:
            del seen[self._lacks]
        flat: Any = None if self._lacks else spaces.flatten(self.observation_space, seen)
        self._sum = 0.0 if flat is None else float(flat.sum())
        return seen

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._step += 1
        reward = -abs(float(action[0]) - np.tanh(self._sum))
        return self._seen(), reward, False, self._step == 10, {}


def make(**kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.TimeLimit(Parted(**kwargs), 10)
