"""The wrappers of native tasks around Gymnasium's own environments, so that worker processes run what threads run.

environment, [{"wrapper": "ClipReward", "max_reward": 1}, ...] -> as_natively -> the environment in Gymnasium's wrappers

What they mean stands in csrc/bierl/episode/wrappers; tests/parity/test_wrappers.py holds both against each other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces, wrappers
from numpy.typing import NDArray

Env = gymnasium.Env[Any, Any]


def as_natively(env: Env, tables: Sequence[Mapping[str, Any]]) -> Env:
    """The environment in these wrappers, which have been checked; the first is the innermost."""
    for table in tables:
        options = {name: value for name, value in table.items() if name != "wrapper"}
        env = WRAPPERS[table["wrapper"]](env, **options)
    return env


class NoisyObservation(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Normal noise on each number of an observation, drawn from the environment's generator after its own draws."""

    def __init__(self, env: Env, scale: float, sticky: bool = False) -> None:
        """See docs/tasks.md."""
        super().__init__(env)
        self._scale, self._sticky = scale, sticky
        self._noise: NDArray[np.float64] | None = None
        self.observation_space = _unbounded(env.observation_space)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """See gymnasium.Env."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._noise = None
        return self._noisy(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """See gymnasium.Env."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._noisy(observation), reward, terminated, truncated, info

    def _noisy(self, observation: NDArray[Any]) -> NDArray[Any]:
        if self._noise is None or not self._sticky:
            self._noise = self._scale * self.np_random.standard_normal(observation.shape)
        noisy: NDArray[Any] = (observation + self._noise).astype(observation.dtype)
        return noisy


def _unbounded(space: Any) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, space.shape, space.dtype)


def _each(value: Any, space: Any) -> Any:
    """A number, or one for each of a space's, as the space holds them."""
    return np.broadcast_to(np.asarray(value, space.dtype), space.shape)


def _rescale_action(env: Env, min_action: Any, max_action: Any) -> Env:
    # In double precision, as Gymnasium has a number.
    shape = env.action_space.shape or ()
    low, high = (np.broadcast_to(np.asarray(bound, np.float64), shape) for bound in (min_action, max_action))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*precision lowered")  # of the new box, which is all it says
        return wrappers.RescaleAction(env, low, high)


def _sticky_action(env: Env, repeat_action_probability: float, repeat_action_duration: Any = 1) -> Env:
    pair = isinstance(repeat_action_duration, Sequence)
    steps = tuple(int(each) for each in repeat_action_duration) if pair else int(repeat_action_duration)
    return wrappers.StickyAction(env, repeat_action_probability, steps)  # type: ignore[arg-type]


def _repeat_action(env: Env, num_repeats: int) -> Env:
    repeated = wrappers.RepeatAction(env, num_repeats)
    fps = env.metadata.get("render_fps")
    if fps:  # a film has a frame for each step
        repeated.metadata = {**env.metadata, "render_fps": max(1, round(fps / num_repeats))}
    return repeated


def _frame_stack(env: Env, stack_size: int, padding_type: str = "reset") -> Env:
    return wrappers.FlattenObservation(wrappers.FrameStackObservation(env, stack_size, padding_type=padding_type))


def _clip_reward(env: Env, min_reward: float = -np.inf, max_reward: float = np.inf) -> Env:
    # In double precision, which some of Gymnasium's rewards are not.
    return wrappers.TransformReward(env, lambda reward: float(np.clip(float(reward), min_reward, max_reward)))


def _scale_reward(env: Env, scale: float) -> Env:
    return wrappers.TransformReward(env, lambda reward: scale * float(reward))


def _clip_observation(env: Env, min_obs: Any, max_obs: Any) -> Env:
    space: Any = env.observation_space
    low, high = _each(min_obs, space), _each(max_obs, space)
    bounds = [np.clip(bound, low, high) for bound in (space.low, space.high)]
    clipped = spaces.Box(*bounds, dtype=space.dtype)
    return wrappers.TransformObservation(env, lambda observation: np.clip(observation, low, high), clipped)


WRAPPERS: dict[str, Callable[..., Env]] = {
    "ClipAction": wrappers.ClipAction,
    "ClipObservation": _clip_observation,
    "ClipReward": _clip_reward,
    "FrameStackObservation": _frame_stack,
    "NoisyObservation": NoisyObservation,
    "RepeatAction": _repeat_action,
    "RescaleAction": _rescale_action,
    "ScaleReward": _scale_reward,
    "StickyAction": _sticky_action,
}
