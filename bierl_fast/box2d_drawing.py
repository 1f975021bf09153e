"""Pictures of a native Box2D task: Gymnasium's own environment is played beside it, and draws.

reset's seed, step's actions, what the native task answered  ->  Shadow  ->  Gymnasium's frames for the same state

Both run the same engine to the same bits, so the state is the same, and what no state holds is drawn too: sparks of the
lander's engines, clouds. Where an observation ever differed, no frame is given. A picture costs a step of Gymnasium's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from bierl_fast import native_drawing
from bierl_fast.errors import InstallationError, SimulationError, UnsupportedError

MODES = ("human", "rgb_array")
DISPLAYS = (*native_drawing.DISPLAYS, "SDL_VIDEODRIVER")
KEPT = ("screen", "clock")  # of an environment of Gymnasium's: its window, and what paces it


class Shadow:
    """The pictures of one environment. Nothing is loaded before its first reset."""

    def __init__(self, task: str, mode: str, task_kwargs: Mapping[str, Any], max_episode_steps: int) -> None:
        """See NativeEnv."""
        options = dict(task_kwargs)
        self._wrappers = options.pop("wrappers", [])
        self._made_by = {"id": task, "render_mode": mode, "max_episode_steps": max_episode_steps, **options}
        self._env: Any = None
        self._same = True

    def began(self, seed: int | None, seen: Any) -> None:
        """An episode has begun. Its world is new, as the native task's is; the generator goes on without a seed.

        Raises:
            UnsupportedError: a window, and there is no display.
            What Gymnasium raises.
        """
        before, self._env = self._env, self._make()
        if before is not None:
            ours, theirs = self._env.unwrapped, before.unwrapped
            ours.np_random = theirs.np_random
            for name in KEPT:
                setattr(ours, name, getattr(theirs, name))
        observation, _ = self._env.reset(seed=seed)
        self._same = np.array_equal(observation, seen)

    def stepped(self, action: Any, seen: Any) -> None:
        """A step has been taken; a window shows it. `seen`: what the native task answered to both."""
        observation, *_ = self._env.step(action)
        self._same = self._same and np.array_equal(observation, seen)

    def frame(self) -> Any:
        """What the state looks like: an array, or None of a window.

        Raises:
            InstallationError: pygame is missing.
            SimulationError: Gymnasium's environment is in another state.
        """
        from gymnasium.error import DependencyNotInstalled  # noqa: PLC0415 - loaded by then

        if self._env is None:
            raise UnsupportedError("there is no picture before the first reset")
        if not self._same:
            raise SimulationError("Gymnasium's environment has seen something else than the native task: no picture")
        try:
            return self._env.render()
        except DependencyNotInstalled as error:
            raise InstallationError(f"{error}; or: pip install 'bierl-fast[box2d]'") from error

    def close(self) -> None:
        """Close the window."""
        if self._env is not None:
            self._env.close()
        self._env = None

    def _make(self) -> Any:
        import gymnasium  # noqa: PLC0415 - takes 0.1 s

        from bierl_fast.evaluation.environment.native_wrappers import as_natively  # noqa: PLC0415 - gymnasium

        shown = self._made_by["render_mode"] == "human"
        if shown and sys.platform == "linux" and not (set(DISPLAYS) & os.environ.keys()):
            raise UnsupportedError(
                f"render_mode 'human' needs a display: none of {' and '.join(native_drawing.DISPLAYS)} is set"
            )
        return as_natively(gymnasium.make(disable_env_checker=True, **self._made_by), self._wrappers)
