"""What native MuJoCo tasks draw: Gymnasium's own frames for the same state."""

from __future__ import annotations

from ctypes.util import find_library
from pathlib import Path

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
