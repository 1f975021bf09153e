"""Environments that answer in ways a person could write by mistake, and with spaces of several choices."""

from __future__ import annotations

import decimal
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class Tensor:
    """As torch's of no dimensions: a float, and an array."""

    ndim, shape = 0, ()

    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


REWARDS: dict[str, Any] = {
    "float": float,
    "int": int,
    "float32": np.float32,
    "int16": np.int16,
    "array0": np.array,
    "decimal": decimal.Decimal,
    "tensor": Tensor,
    # refused
    "none": lambda x: None,
    "text": str,
    "complex": complex,
    "array1": lambda x: np.array([x]),
    "list": lambda x: [x],
    "dict": lambda x: {"reward": x},
}
ENDS: dict[str, Any] = {
    "bool": bool,
    "np_bool": np.bool_,
    "int": int,
    "float": float,
    "int64": np.int64,
    "array0": np.array,
    "array1": lambda over: np.array([over]),
    "none": lambda over: True if over else None,
    # refused
    "two": lambda over: 2,
    "text": str,
    "dict": lambda over: {},
    "array2": lambda over: np.array([over, False]),
    "nan": lambda over: float("nan"),
}
INFOS: dict[str, Any] = {"dict": {}, "none": None, "list": [], "bool": False, "text": "ok"}
OBSERVATIONS: dict[str, Any] = {
    "array": lambda x: x,
    "float64": lambda x: x.astype(np.float64),
    "int": lambda x: x.astype(np.int32),
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()),
    "object": lambda x: x.astype(object),
    "scalar": lambda x: float(x[0]),
    # refused
    "none": lambda x: None,
    "dict": lambda x: {"x": x},
    "text": lambda x: [str(each) for each in x],
    "complex": lambda x: x.astype(np.complex128),
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
    "long": lambda x: np.concatenate([x, x]),
    "nested": lambda x: x[None],
}


class Count(gymnasium.Env[Any, Any]):
    """Counts its steps, of which it has four; `reward`, `ends`, `info`, `observation` say in which form it answers."""

    action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(
        self, reward: str = "float", ends: str = "bool", info: str = "dict", observation: str = "array", size: int = 1
    ) -> None:
        self._reward, self._ends = REWARDS[reward], ENDS[ends]
        self._info, self._observation = INFOS[info], OBSERVATIONS[observation]
        self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self._size = size

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self._step, self._x = 0, float(self.np_random.integers(-8, 8))
        return self._observation(self.seen()), self._info

    def seen(self) -> NDArray[np.float32]:
        return np.full(self._size, self._x + self._step, np.float32)

    def step(self, action: Any) -> Any:
        self._step += 1
        ends = self._ends(self._step == 4), self._ends(False)
        return self._observation(self.seen()), self._reward(self._x), *ends, self._info


class OldReset(Count):
    """As in the old gym: reset answers the observation alone."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return super().reset(seed=seed)[0]


class DeafReset(Count):
    """As in the old gym: reset takes no seed."""

    def reset(self) -> Any:  # type: ignore[override]
        return super().reset()


class OldStep(Count):
    """As in the old gym."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class Swapped(Count):
    """In another order."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated, info, truncated


class Nothing(Count):
    """A `return` was forgotten."""

    def step(self, action: Any) -> Any:
        super().step(action)


SPACES: dict[str, spaces.Space[Any]] = {
    "several": spaces.MultiDiscrete([3, 1, 4]),
    "shifted": spaces.MultiDiscrete([2, 5], start=[7, -3]),
    "table": spaces.MultiDiscrete(np.array([[2, 3], [4, 2]])),
    "switches": spaces.MultiBinary(3),
    "board": spaces.MultiBinary([2, 2]),
}


class Several(Count):
    """Its reward is a number that its action is the digits of."""

    def __init__(self, space: str) -> None:
        super().__init__(size=3)
        self.action_space = SPACES[space]

    def seen(self) -> NDArray[np.float32]:
        return np.array([self._x, self._step - 2.0, 1.0], np.float32)

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action)
        observation, _, *rest = super().step(action)
        return observation, float(np.ravel(action) @ 10.0 ** np.arange(np.size(action))), *rest


OldBox = type("Box", (), {"__module__": "gym.spaces.box"})


class Spaceless(Count):
    """Without spaces that anybody could use."""

    def __init__(self, what: str) -> None:
        super().__init__()
        known: dict[str, Any] = {"dict_action": spaces.Dict({"a": spaces.Discrete(2)}), "number": 2, "old": OldBox()}
        self.action_space = known.get(what, self.action_space)
        if what == "none":
            self.observation_space = None  # type: ignore[assignment]


def make(kind: str, limit: int = 9, **kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.TimeLimit(globals()[kind](**kwargs), limit)
