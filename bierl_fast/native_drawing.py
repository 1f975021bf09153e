"""Pictures of a native MuJoCo task, drawn by Gymnasium's own renderer.

EnvCore: its model, and its state after each step  ->  Drawing  ->  frames equal to those of Gymnasium for that state
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, ArgumentTypeError, UnsupportedError, shown
from bierl_fast.names import choice
from bierl_fast.values import checked

MODES = ("human", "rgb_array", "depth_array", "rgbd_tuple")
# Keyword arguments of Gymnasium's MuJoCo tasks that say how they are drawn, with their defaults.
OPTIONS: dict[str, Any] = {
    "width": 480,
    "height": 480,
    "max_geom": 1000,
    "camera_id": None,
    "camera_name": None,
    "default_camera_config": None,
    "visual_options": None,
}
SIZE = {"at_least": 1, "at_most": 16384}  # pixels; OpenGL draws no wider
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {  # of those that are plain values, with their rules
    "width": (int, SIZE),
    "height": (int, SIZE),
    "max_geom": (int, {"at_least": 1, "at_most": 2**31 - 1}),
    "camera_id": (int | None, {"at_least": -1}),
    "camera_name": (str | None, {}),
}
FILE = "model.mjb"
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


class Drawing:
    """The pictures of one environment. Nothing is loaded before the first."""

    def __init__(self, environment: core.EnvCore, task: str, mode: str, options: Mapping[str, Any]) -> None:
        """See NativeEnv; `options` are of OPTIONS. Raises ConfigError, ArgumentError: values that cannot be."""
        self._core = environment
        self._task = task
        self._mode = mode
        self._options = {**OPTIONS, **options}
        for name, (kind, rules) in KINDS.items():
            self._options[name] = checked(name, self._options[name], kind, rules)
        for name in ("default_camera_config", "visual_options"):
            if not isinstance(self._options[name], Mapping | None):
                raise ArgumentTypeError(f"{name} must be a dict or None, got {shown(self._options[name])}", [name])
        if self._options["camera_id"] is not None and self._options["camera_name"] is not None:
            raise ArgumentError("give one of camera_id and camera_name", ["camera_id", "camera_name"])
        self._made: tuple[Any, Any] | None = None

    def began(self, seed: int | None, seen: Any) -> None:
        """An episode has begun, which a window shows. Raises what `frame` raises."""
        self._show()

    def stepped(self, action: Any, seen: Any) -> None:
        """A step has been taken, which a window shows. Raises what `frame` raises."""
        self._show()

    def _show(self) -> None:
        if self._mode == "human":
            self.frame()

    def frame(self) -> Any:
        """What the state looks like now: an array, or None of a window. Raises what MuJoCo and Gymnasium raise.

        UnsupportedError: a window, and there is no display.
        """
        if self._made is None:
            if self._mode == "human" and sys.platform == "linux" and not (set(DISPLAYS) & os.environ.keys()):
                # The window's library would end the process.
                raise UnsupportedError(f"render_mode 'human' needs a display: none of {' and '.join(DISPLAYS)} is set")
            self._made = self._make()
        data, renderer = self._made
        self._core.copy_state(data._address)
        return renderer.render(self._mode)

    def close(self) -> None:
        """Close the window and free what was drawn with."""
        if self._made is not None:
            self._made[1].close()
        self._made = None

    def _make(self) -> tuple[Any, Any]:
        import mujoco  # noqa: PLC0415 - mujoco takes 0.2 s
        from gymnasium.envs.mujoco.mujoco_rendering import MujocoRenderer  # noqa: PLC0415 - likewise

        model = mujoco.MjModel.from_binary_path(FILE, {FILE: self._core.saved_model()})
        options = dict(self._options)
        size = model.vis.global_  # is never made smaller than the model says
        size.offwidth = max(size.offwidth, options["width"])
        size.offheight = max(size.offheight, options["height"])
        _require_looks(mujoco, model, options)
        camera = options.pop("default_camera_config")
        data = mujoco.MjData(model)
        return data, MujocoRenderer(model, data, self._camera() if camera is None else camera, **options)

    def _camera(self) -> Any:
        """Where Gymnasium looks from at its own task; None of others."""
        import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

        spec = gymnasium.registry.get(self._task)
        home = spec.entry_point if spec is not None else None
        if not isinstance(home, str) or not home.startswith("gymnasium.envs.mujoco."):
            return None
        return getattr(importlib.import_module(home.partition(":")[0]), "DEFAULT_CAMERA_CONFIG", None)


def _require_looks(mujoco: Any, model: Any, options: Mapping[str, Any]) -> None:
    """ArgumentError for what the model, or MuJoCo, has none of; it would end the process, or draw something else."""
    number, name = options["camera_id"], options["camera_name"]
    if number is not None and number >= model.ncam:
        raise ArgumentError(f"camera_id must be below {model.ncam}, the model's cameras, got {number}", ["camera_id"])
    if name is not None:
        choice("camera of the model", name, [model.camera(i).name for i in range(model.ncam)], ["camera_name"])
    eye = mujoco.MjvCamera()
    for key in options["default_camera_config"] or {}:
        choice("key of default_camera_config", key, [each for each in dir(eye) if not each.startswith("_")])
    flags = int(mujoco.mjtVisFlag.mjNVISFLAG)
    for key in options["visual_options"] or {}:
        if not isinstance(key, int) or not 0 <= key < flags:
            raise ArgumentError(f"each key of visual_options must be a flag from 0 to {flags - 1}, got {shown(key)}")
