"""The camera goes with a robot that runs, where its model has one."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import gymnasium
import pytest

from bierl_fast.viewing.screen import follow


@pytest.mark.parametrize(("task", "has_one"), [("HalfCheetah-v5", True), ("Swimmer-v5", True), ("Reacher-v5", False)])
def test_follow(task: str, has_one: bool) -> None:
    with closing(gymnasium.make(task, render_mode="rgb_array")) as env:
        renderer: Any = env.unwrapped.mujoco_renderer  # type: ignore[attr-defined]
        assert renderer.camera_id == -1
        follow(env)
        assert (renderer.camera_id >= 0) is has_one


def test_what_draws_otherwise_is_left_alone() -> None:
    with closing(gymnasium.make("CartPole-v1")) as env:
        follow(env)
