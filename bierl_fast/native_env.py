"""A gymnasium.Env over a native task: the same C++ object that training runs.

    NativeEnv(id, **Gymnasium's keyword arguments) -> reset(seed) -> step(action) -> ...

Observations, rewards and ends equal gymnasium.make(id)'s; tests/parity proves it step by step.
"""

from __future__ import annotations

import secrets
from typing import Any, NoReturn

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast._registration import ENTRY_POINT, OWN
from bierl_fast.errors import ArgumentError, ArgumentTypeError, UnsupportedError, shown
from bierl_fast.public import public


def from_spec(*, native: str, limit: int | None = None, **options: Any) -> NativeEnv:
    """NativeEnv for Gymnasium's registry, among whose keyword arguments `id` and `max_episode_steps` are its own."""
    return NativeEnv(native, max_episode_steps=limit, **options)


@public(but=("step", "reset"))
class NativeEnv(gymnasium.Env[NDArray[np.float64], NDArray[np.float32]], EzPickle):
    """One native task as a gymnasium.Env: observations (O,) float64, actions (A,) float32.

    Unlike gymnasium.make(id), nothing is wrapped: the time limit is part of the environment, and actions are
    not checked against the action space (MuJoCo clamps them). The reset noise comes from a C++ twin of
    NumPy's generator, so replacing `np_random` has no effect; pass a seed to `reset`. A copied or unpickled one is made
    anew from the same arguments, as Gymnasium's own are: `reset` it first.

    Args:
        id: A native Gymnasium id, such as "HalfCheetah-v5".
        max_episode_steps: Steps to truncation, at least 1; None takes the registered limit.
        render_mode: Only None; render with gymnasium.make(id).
        task_kwargs: The task's keyword arguments, as in Gymnasium.

    Raises:
        ArgumentError: unknown id or keyword (the nearest one is named), a value of the wrong type or range.
        ArgumentTypeError: a render_mode.
        SimulationError: the model file does not load, or MuJoCo's version is not the one compiled against.
    """

    def __init__(
        self,
        id: str,
        *,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **task_kwargs: Any,
    ) -> None:
        EzPickle.__init__(self, id, max_episode_steps=max_episode_steps, **task_kwargs)
        if render_mode is not None:  # a TypeError: who tries it first, as Stable-Baselines3 does, then does without
            elsewhere = "" if id in OWN else f"; render with gymnasium.make({id!r}, render_mode={render_mode!r})"
            raise ArgumentTypeError(
                f"render_mode must be None, got {render_mode!r}: the native {id} makes no pictures{elsewhere}"
            )
        self._core = core.EnvCore(id, gymnasium_assets(), task_kwargs, max_episode_steps)
        self._seeded = False
        fps = round(1.0 / self._core.control_timestep)
        self.metadata = {"render_modes": [], "render_fps": fps}
        self.observation_space = spaces.Box(-np.inf, np.inf, (self._core.observation_size,), np.float64)
        bounds = np.array(self._core.action_bounds, np.float32).reshape(-1, 2)
        self.action_space = spaces.Box(bounds[:, 0], bounds[:, 1], dtype=np.float32)
        row = next(row for row in core.task_table() if row["id"] == id)
        self.spec = EnvSpec(
            id=id,
            entry_point=ENTRY_POINT,
            reward_threshold=row["reward_threshold"],
            max_episode_steps=self._core.max_episode_steps,
            kwargs={"native": id, "limit": max_episode_steps, **task_kwargs},
        )

    @property
    def diverged(self) -> bool:
        """Whether the simulation went bad since reset; MuJoCo then restarts it and steps on unsaid."""
        return self._core.diverged

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: From 0 to 2**64 - 1; the same draws as Gymnasium's. None continues the generator (the first
                time, seeds it from the system's entropy).
            options: Ignored, as by Gymnasium's MuJoCo tasks.

        Returns:
            (O,) float64 observation, info.

        Raises:
            ArgumentError: seed is negative or takes more than 64 bits.
        """
        if seed is None and not self._seeded:
            seed = secrets.randbits(63)
        if seed is not None:
            if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
                raise ArgumentTypeError(f"seed must be an integer or None, got {shown(seed)}", ["seed"])
            if not 0 <= seed < 2**64:
                raise ArgumentError(f"seed must be from 0 to 2**64 - 1, got {seed}")
            super().reset(seed=seed)
            self._seeded = True
        observation_o = np.empty(self._core.observation_size)
        self._core.reset(seed, observation_o)
        return observation_o, self._core.info()

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Take one control step.

        Args:
            action: (A,) float32; other real numbers are rounded to float32.

        Returns:
            (O,) float64 observation, reward, terminated, truncated, info with Gymnasium's keys.

        Raises:
            ArgumentError: the action has another shape or is not of real numbers, or reset has not been called.
            SimulationError: MuJoCo raised an error; reset before going on.
        """
        action_a = np.asarray(action)
        if action_a.shape != (self._core.action_size,):
            raise ArgumentError(f"action has shape {action_a.shape}, expected {(self._core.action_size,)}")
        if action_a.dtype.kind not in "fiu":
            raise ArgumentError(f"action has dtype {action_a.dtype}, expected float32")
        observation_o = np.empty(self._core.observation_size)
        action_a = np.ascontiguousarray(action_a, np.float32)
        reward, terminated, truncated = self._core.step(action_a, observation_o)
        return observation_o, reward, terminated, truncated, self._core.info()

    def render(self) -> NoReturn:
        """Raise UnsupportedError: a native task makes no pictures."""
        raise UnsupportedError(f"{self!r} makes no pictures; render with gymnasium.make")

    def __repr__(self) -> str:
        return f"<NativeEnv {self.spec.id if self.spec else ''}>"
