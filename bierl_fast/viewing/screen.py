"""What draws here: a display for windows, and for frames without one a library of OpenGL.

environment of the process, libraries -> offscreen -> MUJOCO_GL while frames are drawn
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bierl_fast.errors import InstallationError, UnsupportedError
from bierl_fast.evaluation.environment.offscreen import DISPLAYS as WINDOWS
from bierl_fast.evaluation.environment.offscreen import VARIABLE, library
from bierl_fast.reasons import reason

if TYPE_CHECKING:
    import gymnasium

REMEDY = "apt-get install -y libegl1 libgl1-mesa-dri (EGL), or libosmesa6 (OSMesa, with MUJOCO_GL=osmesa)"
CAMERA = "track"  # as Gymnasium's models call it
SHADOWS = 1024  # pixels of a shadow map: frames show no more, and where the processor draws it is half of the work
GIVEN = {
    "camera_id",
    "camera_name",
    "default_camera_config",
}  # keyword arguments by which a task is looked at otherwise
DISPLAYS = (*WINDOWS, "SDL_VIDEODRIVER")


@contextmanager
def offscreen(mujoco: bool) -> Iterator[None]:
    """Frames of the block are drawn without a display.

    Args:
        mujoco: whether it is MuJoCo that draws; other environments need no library of the system for it.

    Raises:
        InstallationError: there is none; the text has the line that installs one.
    """
    before = os.environ.get(VARIABLE)
    found = before or library()
    if mujoco and found is None:
        raise InstallationError(f"MuJoCo draws frames with EGL or OSMesa, and neither is installed; {REMEDY}")
    if found is not None:
        os.environ[VARIABLE] = found
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)


@contextmanager
def without_old_words() -> Iterator[None]:
    """What MuJoCo says of deprecated attributes of Gymnasium's models is not said in the block, nor written to a file.

    Anything else is said as MuJoCo says it, on standard error.
    """
    import mujoco  # noqa: PLC0415 - takes 0.2 s

    def say(text: str) -> None:
        if "deprecated" not in text:
            print(f"WARNING: {text}", file=sys.stderr)

    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(say)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


def follow(env: gymnasium.Env[Any, Any]) -> None:
    """Look through the camera of the task's model that goes with the robot, where it has one.

    Gymnasium's own stays where the episode began, and a robot that runs is out of sight in a second.
    """
    import mujoco  # noqa: PLC0415 - environments that draw otherwise need none

    renderer: Any = getattr(env.unwrapped, "mujoco_renderer", None)
    if getattr(renderer, "camera_id", None) == -1:
        renderer.camera_id = mujoco.mj_name2id(renderer.model, mujoco.mjtObj.mjOBJ_CAMERA, CAMERA)


def lighten(env: gymnasium.Env[Any, Any]) -> None:
    """Have MuJoCo draw no finer than frames show; before the first of them."""
    renderer: Any = getattr(env.unwrapped, "mujoco_renderer", None)
    if renderer is not None:
        quality = renderer.model.vis.quality
        quality.shadowsize = min(quality.shadowsize, SHADOWS)


def frame_of(env: gymnasium.Env[Any, Any], mujoco: bool) -> Any:
    """What the environment draws.

    Raises:
        InstallationError: what draws is missing or does not work here; the text has the line that repairs it.
        What else the environment raises.
    """
    from gymnasium.error import DependencyNotInstalled  # noqa: PLC0415 - gymnasium takes 0.1 s

    try:
        return env.render()
    except DependencyNotInstalled as error:
        raise InstallationError(f"the environment draws no frames: {error}") from error
    except Exception as error:  # whatever the system's libraries say
        if not mujoco:
            raise
        used = os.environ.get(VARIABLE)
        raise InstallationError(f"MuJoCo draws no frames with {VARIABLE}={used} ({reason(error)}); {REMEDY}") from error


def require_display(instead: str) -> None:
    """UnsupportedError where there is no display to open a window on; `instead`: what to do."""
    if not sys.platform.startswith("linux"):
        return
    found = {name: os.environ[name] for name in DISPLAYS if os.environ.get(name)}
    if not found:
        raise UnsupportedError(f"there is no display here to open a window on (DISPLAY is not set); {instead}")
    if "SDL_VIDEODRIVER" not in found and not _has_a_screen():
        told = " and ".join(f"{name}={value}" for name, value in found.items())
        raise UnsupportedError(f"no window can be opened here: {told} is no display with a screen; {instead}")


def _has_a_screen() -> bool:
    """Whether a window could be opened; what MuJoCo draws windows with ends the process where it could not."""
    import glfw  # noqa: PLC0415 - windows alone need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which are how it says why not
        if not glfw.init():
            return False
        has_one = bool(glfw.get_primary_monitor())
        glfw.terminate()  # who draws begins anew
    return has_one
