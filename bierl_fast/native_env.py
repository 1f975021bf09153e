"""A gymnasium.Env over a native task: the same C++ object that training runs.

    NativeEnv(id, **Gymnasium's keyword arguments) -> reset(seed) -> step(action) -> ...

Observations, rewards and ends equal gymnasium.make(id)'s; tests/parity proves it step by step.
"""

from __future__ import annotations

import secrets
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from bierl_fast import _box2d, box2d_drawing, native_drawing
from bierl_fast._native import core
from bierl_fast._registration import ENTRY_POINT
from bierl_fast.errors import ArgumentError, ArgumentTypeError, UnsupportedError, shown
from bierl_fast.public import public
from bierl_fast.tasks.code import linked
from bierl_fast.tasks.mujoco_task import MujocoTask
from bierl_fast.tasks.resolve import resolved


def from_spec(*, native: str, limit: int | None = None, **options: Any) -> NativeEnv:
    """NativeEnv for Gymnasium's registry, among whose keyword arguments `id` and `max_episode_steps` are its own."""
    return NativeEnv(native, max_episode_steps=limit, **options)


@public(but=("step", "reset"))
class NativeEnv(gymnasium.Env[NDArray[Any], Any], EzPickle):
    """One native task as a gymnasium.Env: observations (O,) float64, actions (A,) float32.

    A Box2D task has Gymnasium's own spaces: observations (O,) float32, and for LunarLander-v3 the actions 0 to 3. Its
    world is new in each episode, as in a new environment of Gymnasium's (of which BipedalWalker-v3's used ones differ).

    Unlike gymnasium.make(id), nothing is wrapped: the time limit is part of the environment, and actions (A,) are
    not checked against the action space (the simulation clamps them). The reset noise comes from a C++ twin of
    NumPy's generator, so replacing `np_random` has no effect; pass a seed to `reset`. A copied or unpickled one is made
    anew from the same arguments, as Gymnasium's own are: `reset` it first. Any number of threads may call: they take
    turns, step by step, and a call of a signal handler's on what it interrupted is an ArgumentError.

    Args:
        id: A native Gymnasium id, such as "HalfCheetah-v5", or a task of one's own: a MujocoTask, or its TOML file.
        max_episode_steps: Steps to truncation, at least 1, counted within the wrappers as by gymnasium.make; None takes
            the registered limit.
        render_mode: "rgb_array", "human", "depth_array" or "rgbd_tuple", as in Gymnasium, of whose frames these are the
            equals; None: no pictures. Box2D's tasks have the first two, which Gymnasium's own environment draws, played
            beside.
        task_kwargs: The task's keyword arguments, as in Gymnasium, and `wrappers` (docs/tasks.md); with a render_mode
            width, height, camera_name and the others of its pictures, too.

    Raises:
        ArgumentError: unknown id or keyword (the nearest one is named), a value of the wrong type or range.
        ArgumentTypeError: a render_mode that there is none of.
        ConfigError: a size or a camera of pictures that cannot be.
        InstallationError: Box2D is not installed, or is another build than can be called.
        SimulationError: the model file does not load, or MuJoCo's version is not the one compiled against.
    """

    def __init__(
        self,
        id: str | MujocoTask,
        *,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        **task_kwargs: Any,
    ) -> None:
        drawn: dict[str, Any] = {}
        if render_mode is not None and not (isinstance(id, str) and _box2d.is_box2d(id)):
            drawn = {name: task_kwargs.pop(name) for name in native_drawing.OPTIONS if name in task_kwargs}
        task, task_kwargs = resolved(id, task_kwargs)
        EzPickle.__init__(
            self, task, max_episode_steps=max_episode_steps, render_mode=render_mode, **task_kwargs, **drawn
        )
        modes = box2d_drawing.MODES if _box2d.is_box2d(task) else native_drawing.MODES
        if render_mode is not None and render_mode not in modes:
            # A TypeError: who tries a mode first, as Stable-Baselines3 does, then does without.
            raise ArgumentTypeError(f"render_mode must be None or one of {', '.join(modes)}, got {render_mode!r}")
        options = linked(task, task_kwargs)
        self._core = core.EnvCore(task, self._files(task, options), options, max_episode_steps)
        self._seeded = False
        fps = max(1, round(1.0 / self._core.control_timestep))
        self.metadata = {"render_modes": list(modes), "render_fps": fps}
        self.render_mode = render_mode
        self._drawing: native_drawing.Drawing | box2d_drawing.Shadow | None = None
        if render_mode is not None and _box2d.is_box2d(task):
            self._drawing = box2d_drawing.Shadow(task, render_mode, task_kwargs, self._core.max_episode_steps)
        elif render_mode is not None:
            self._drawing = native_drawing.Drawing(self._core, task, render_mode, drawn)
        self.observation_space: spaces.Box = spaces.Box(-np.inf, np.inf, (self._core.observation_size,), np.float64)
        if self._core.observation_bounds:
            self.observation_space = _box(self._core.observation_bounds)
        self._choices = self._core.discrete_actions
        self.action_space = spaces.Discrete(self._choices) if self._choices else _box(self._core.action_bounds)
        thresholds = {row["id"]: row["reward_threshold"] for row in core.task_table()}
        self.spec = EnvSpec(
            id=task,
            entry_point=ENTRY_POINT,
            reward_threshold=thresholds.get(task),
            max_episode_steps=self._core.max_episode_steps,
            kwargs={"native": task, "limit": max_episode_steps, **task_kwargs},
        )

    @staticmethod
    def _files(task: str, task_kwargs: dict[str, Any]) -> str:
        core.check_task(task, task_kwargs)  # what is wrong with these is said whether the engine is there or not
        return _box2d.files_of(task)

    @property
    def diverged(self) -> bool:
        """Whether the simulation went bad since reset; MuJoCo then restarts it and steps on unsaid."""
        return self._core.diverged

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[Any], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: From 0 to 2**64 - 1; the same draws as Gymnasium's. None continues the generator (the first
                time, seeds it from the system's entropy).
            options: Ignored, as by Gymnasium's MuJoCo and Box2D tasks.

        Returns:
            (O,) observation, info.

        Raises:
            ArgumentError: seed is negative or takes more than 64 bits (ArgumentTypeError: it is no integer).
        """
        if seed is None and not self._seeded:
            seed = secrets.randbits(63)
        observation_o = np.empty(self._core.observation_size)
        self._core.reset(seed, observation_o)
        if seed is not None:
            super().reset(seed=int(seed))
            self._seeded = True
        observation = self._seen(observation_o)
        if self._drawing is not None:
            self._drawing.began(seed, observation)
        return observation, self._core.info()

    def step(self, action: Any) -> tuple[NDArray[Any], float, bool, bool, dict[str, Any]]:
        """Take one control step.

        Args:
            action: (A,) float32; other real numbers are rounded to float32. Of discrete actions, one of them.

        Returns:
            (O,) observation, reward, terminated, truncated, info with Gymnasium's keys.

        Raises:
            ArgumentError: the action has another shape or is not of real numbers, or reset has not been called.
            SimulationError: the simulator raised an error; reset before going on.
        """
        observation_o = np.empty(self._core.observation_size)
        controls = self._controls(action)
        reward, terminated, truncated = self._core.step(controls, observation_o)
        observation = self._seen(observation_o)
        if self._drawing is not None:
            self._drawing.stepped(int(action) if self._choices else controls, observation)
        return observation, reward, terminated, truncated, self._core.info()

    def _seen(self, observation_o: NDArray[np.float64]) -> NDArray[Any]:
        return observation_o.astype(self.observation_space.dtype, copy=False)

    def _controls(self, action: Any) -> NDArray[np.float32]:
        """(A,) the action as the task takes it."""
        if self._choices:
            if not self.action_space.contains(action):
                raise ArgumentError(f"action must be an integer from 0 to {self._choices - 1}, got {shown(action)}")
            chosen = np.zeros(self._choices, np.float32)
            chosen[int(action)] = 1.0
            return chosen
        try:
            action_a = np.asarray(action)
        except (TypeError, ValueError) as error:  # lists of different lengths, say
            raise ArgumentError(f"action must be {self._core.action_size} numbers: {error}") from error
        if action_a.shape != (self._core.action_size,):
            raise ArgumentError(f"action has shape {action_a.shape}, expected {(self._core.action_size,)}")
        if action_a.dtype.kind not in "fiu":
            raise ArgumentError(f"action has dtype {action_a.dtype}, expected float32")
        return np.ascontiguousarray(action_a, np.float32)

    def render(self) -> Any:
        """What the state looks like, in the render mode: an array, or None of a window ("human", which follows alone).

        Raises:
            UnsupportedError: there is no render mode.
        """
        if self._drawing is None:
            raise UnsupportedError(f"{self!r} makes no pictures; give it a render_mode when it is made")
        return self._drawing.frame()

    def close(self) -> None:
        """Close the window, if there is one, and free what was drawn with."""
        if self._drawing is not None:
            self._drawing.close()

    def __repr__(self) -> str:
        return f"<NativeEnv {self.spec.id if self.spec else ''}>"


def _box(bounds: list[float]) -> spaces.Box:
    """The space of single-precision numbers with these bounds: low, high, low, high, ..."""
    low, high = np.array(bounds, np.float32).reshape(-1, 2).T
    return spaces.Box(low, high, dtype=np.float32)
