"""What native MuJoCo tasks draw: Gymnasium's own frames for the same state."""

from __future__ import annotations

from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest
from helpers.own_tasks import arm
from helpers.subprocesses import run

import bierl_fast as bf

LIBRARY = "osmesa" if find_library("OSMesa") else "egl" if find_library("EGL") else None
DRAWS = pytest.mark.skipif(LIBRARY is None, reason="MuJoCo draws with OSMesa or EGL: apt-get install libosmesa6")
FRAMES = """
import gymnasium, numpy as np
import bierl_fast as bf
from helpers.own_tasks import rewritten
for task in {tasks}:
    theirs = gymnasium.make(task, render_mode="rgb_array", width=64, height=48)
    same = bf.NativeEnv(task, render_mode="rgb_array", width=64, height=48)
    own = bf.NativeEnv(bf.MujocoTask(**rewritten(task)), render_mode="rgb_array", width=64, height=48)
    for env in (theirs, same, own):
        env.reset(seed=1)
    for _ in range(3):
        action = np.full(theirs.action_space.shape, 0.2, np.float32)
        for env in (theirs, same, own):
            env.step(action)
    frame = theirs.render()
    assert frame.shape[2] == 3 and frame.std() > 1
    assert np.array_equal(frame, same.render()), task
    assert own.render().shape == frame.shape and own.render().std() > 1
    print(task)
"""


@pytest.mark.slow
@DRAWS
def test_frames_are_gymnasiums() -> None:
    tasks = ["HalfCheetah-v5", "Ant-v5"]
    # What MuJoCo has set in this process, for the library it drew with here, is not to hold there.
    done = run(FRAMES.format(tasks=tasks), MUJOCO_GL=str(LIBRARY), PYOPENGL_PLATFORM="")
    assert done.stdout.split() == tasks, done.stderr


def test_a_mode_that_there_is_none_of(tmp_path: Path) -> None:
    with pytest.raises(bf.ArgumentTypeError, match=r"one of human, rgb_array, .*, got 'ansi'"):
        bf.NativeEnv(bf.MujocoTask(**arm(tmp_path)), render_mode="ansi")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"width": 0}, "width must be at least 1 and at most 16384, got 0"),
        ({"height": -5}, "height must be at least 1"),
        ({"height": 10**6}, "height must be .* at most 16384"),
        ({"width": "wide"}, "width must be an integer, got 'wide'"),
        ({"max_geom": 0}, "max_geom must be at least 1"),
        ({"camera_id": -2}, "camera_id must be at least -1, got -2"),
        ({"camera_id": 0.5}, "camera_id must be an integer"),
        ({"camera_name": 3}, "camera_name must be a string"),
        ({"camera_id": 0, "camera_name": "front"}, "give one of camera_id and camera_name"),
        ({"default_camera_config": 3}, "default_camera_config must be a dict or None, got 3"),
        ({"visual_options": [1]}, r"visual_options must be a dict or None, got \[1\]"),
    ],
)
def test_pictures_that_cannot_be_are_refused_when_it_is_made(options: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(bf.BierlError, match=told):
        bf.NativeEnv(bf.MujocoTask(**arm(tmp_path)), render_mode="rgb_array", **options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"camera_id": 7}, "camera_id must be below 1, the model's cameras, got 7"),
        ({"camera_id": 1}, "camera_id must be below 1"),
        ({"camera_name": "fornt"}, "no camera of the model named 'fornt'; did you mean 'front'"),
        ({"default_camera_config": {"distanc": 3.0}}, "named 'distanc'; did you mean 'distance'"),
        ({"visual_options": {999: True}}, "visual_options must be a flag from 0 to .*, got 999"),
    ],
)
def test_what_the_model_has_none_of_is_told_before_anything_is_drawn(options: Any, told: str, tmp_path: Path) -> None:
    """MuJoCo ends the process without such a camera, and draws from elsewhere without one of the name."""
    model = arm(tmp_path)["model"]
    seen = Path(model).read_text(encoding="utf-8")
    Path(model).write_text(seen.replace("<worldbody>", '<worldbody><camera name="front"/>'), encoding="utf-8")
    env = bf.NativeEnv(bf.MujocoTask(**arm(tmp_path)), render_mode="rgb_array", **options)
    env.reset(seed=0)
    with pytest.raises(bf.ArgumentError, match=told):
        env.render()


def test_pictures_are_asked_for_when_it_is_made(tmp_path: Path) -> None:
    env = bf.NativeEnv(bf.MujocoTask(**arm(tmp_path)))
    with pytest.raises(bf.UnsupportedError, match="give it a render_mode when it is made"):
        env.render()
    env.close()
    assert env.metadata["render_modes"] == ["human", "rgb_array", "depth_array", "rgbd_tuple"]


def test_a_window_without_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    env = bf.NativeEnv(bf.MujocoTask(**arm(tmp_path)), render_mode="human")
    with pytest.raises(bf.UnsupportedError, match="needs a display"):
        env.reset(seed=0)
