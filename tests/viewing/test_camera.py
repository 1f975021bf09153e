"""The camera goes with a robot that runs, where its model has one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import pytest

from bierl_fast.viewing.screen import follow, lighten, without_old_words


@pytest.mark.parametrize(("task", "has_one"), [("HalfCheetah-v5", True), ("Swimmer-v5", True), ("Reacher-v5", False)])
def test_follow(task: str, has_one: bool) -> None:
    with closing(gymnasium.make(task, render_mode="rgb_array")) as env:
        renderer: Any = env.unwrapped.mujoco_renderer  # type: ignore[attr-defined]
        assert renderer.camera_id == -1
        follow(env)
        assert (renderer.camera_id >= 0) is has_one


def test_shadows_are_no_finer_than_frames_show() -> None:
    with closing(gymnasium.make("Swimmer-v5", render_mode="rgb_array")) as env:
        quality: Any = env.unwrapped.mujoco_renderer.model.vis.quality  # type: ignore[attr-defined]
        assert quality.shadowsize > 1024
        lighten(env)
        assert quality.shadowsize == 1024
        quality.shadowsize = 16  # of a model that wants fewer
        lighten(env)
        assert quality.shadowsize == 16


def test_deprecated_attributes_of_gymnasiums_models_are_not_told_of(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = mujoco.get_mju_user_warning()
    with without_old_words(), closing(gymnasium.make("HalfCheetah-v5")):
        assert capfd.readouterr() == ("", "")
        mujoco.get_mju_user_warning()("something else")
        assert capfd.readouterr().err == "WARNING: something else\n"
    assert mujoco.get_mju_user_warning() is before
    assert list(tmp_path.iterdir()) == []


def test_what_draws_otherwise_is_left_alone() -> None:
    with closing(gymnasium.make("CartPole-v1")) as env:
        lighten(env)
        follow(env)
