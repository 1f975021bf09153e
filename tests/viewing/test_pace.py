"""How many frames of a film are a second: as the environment says, where that can be."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest

from bierl_fast.viewing.api import _fps


class Paced(gymnasium.Env[Any, Any]):
    def __init__(self, fps: float | None, dt: Any = None) -> None:
        self.metadata = {"render_modes": ["rgb_array"], **({} if fps is None else {"render_fps": fps})}
        if dt is not None:
            self.dt = dt


@pytest.mark.parametrize(
    ("fps", "dt", "wanted"),
    [
        (20, 0.05, 20.0),
        (67, 0.015, 67.0),  # rounded
        (50, None, 50.0),
        (None, None, 30.0),
        (10.0, 0.01, 100.0),  # as shimmy has it: milliseconds
        (40.0, 0.04, 25.0),
        (30, 0.0, 30.0),
        (30, "often", 30.0),
    ],
)
def test_a_time_step_is_believed_where_the_frames_are_far_from_it(fps: Any, dt: Any, wanted: float) -> None:
    assert _fps(Paced(fps, dt)) == pytest.approx(wanted)


def test_what_a_wrapper_says_of_its_own_steps_stays() -> None:
    env = gymnasium.Wrapper(Paced(10.0, 0.01))
    env.metadata = {**env.metadata, "render_fps": 5.0}  # two at a time
    assert _fps(env) == pytest.approx(50.0)
