"""What MuJoCo draws frames with where there is no display.

libraries of the system -> library -> a value of MUJOCO_GL
"""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library

VARIABLE = "MUJOCO_GL"  # which library MuJoCo, and dm_control, draw with
LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}  # without a display, in the order they are tried
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def library() -> str | None:
    """The first that is installed; None: there is none."""
    return next((name for name, file in LIBRARIES.items() if find_library(file)), None)


def choose() -> None:
    """Set MUJOCO_GL, for this process and those it starts, where it is open and there is no display.

    For packages that choose once and for all as they are imported: they would take the library of windows.
    """
    if sys.platform == "linux" and not {VARIABLE, *DISPLAYS} & os.environ.keys() and (found := library()):
        os.environ[VARIABLE] = found
