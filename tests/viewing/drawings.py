"""Environments that draw, and some that do not, in a module that worker processes can import."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray


class Gray(gymnasium.Env[Any, Any]):
    """Ten steps; a frame of odd size is as bright as the steps are many."""

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 50}  # noqa: RUF012 - Gymnasium's own form
    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float64)

    def __init__(self, render_mode: str | None = None, drawn: str = "frame", sure: bool = True) -> None:
        self.render_mode = render_mode
        self.drawn, self.sure = drawn, sure

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps, self.start = 0, self.np_random.uniform(-1.0, 1.0, 2)
        return self.start, {}

    def step(self, action: NDArray[np.float32]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        assert action.dtype == np.float64
        unsure = 0.0 if self.sure else float(np.random.SeedSequence().entropy % 1000)  # type: ignore[operator]
        return self.start * self.steps, float(self.start[0] + action[0]) + unsure, self.steps == 10, False, {}

    def render(self) -> Any:
        if self.drawn == "error":
            raise RuntimeError("the paint is dry")
        return None if self.drawn == "nothing" else np.full((35, 51, 3), 20 * self.steps, np.uint8)


def limited(env: Gray) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.TimeLimit(env, max_episode_steps=50)


def gray(**options: Any) -> gymnasium.Env[Any, Any]:
    return limited(Gray(**options))


def sightless() -> gymnasium.Env[Any, Any]:
    """Takes no render_mode."""
    return limited(Gray())


def blind() -> gymnasium.Env[Any, Any]:
    """Draws nothing."""
    made = Gray()
    made.metadata = {"render_modes": []}
    return limited(made)
