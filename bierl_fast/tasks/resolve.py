"""The written forms of a task of one's own, and the one that runs.

MujocoTask, "my_robot.toml", a registered id  ->  resolved  ->  MUJOCO_TASK with all that it is as keyword arguments
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bierl_fast._registration import ENTRY_POINT, MUJOCO_TASK
from bierl_fast.errors import TaskError
from bierl_fast.reasons import visible

SUFFIX = ".toml"  # of task files
MODELS = (".xml", ".mjcf", ".mjb", ".urdf")  # what names of MuJoCo's models end in


def resolved(task: Any, task_kwargs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """A task and its keyword arguments as they run; what is no task of one's own comes back as it is.

    Keyword arguments that are given beside it take the place of the task's own.

    Raises:
        TaskError, ArgumentError: see MujocoTask; a model's file, which is no task.
    """
    described = _described(task)
    if described is None:
        return task, dict(task_kwargs)
    if not task_kwargs:
        return MUJOCO_TASK, described
    from bierl_fast.tasks.mujoco_task import changed  # noqa: PLC0415 - loads the native module

    return MUJOCO_TASK, changed(described, task_kwargs).keywords()


def shown_name(task: str, task_kwargs: Mapping[str, Any]) -> str:
    """What people call a task: one of their own by its name, of which no terminal obeys a character."""
    return visible(str(task_kwargs.get("name", task))) if task == MUJOCO_TASK else task


def _described(task: Any) -> dict[str, Any] | None:
    """The keyword arguments of a task of one's own; None of any other."""
    if isinstance(task, str):
        if task.lower().endswith(MODELS):
            raise TaskError(
                f"{visible(task)!r} is a model and no task: name a task file (TOML) that has model = {task!r} and says "
                "what is observed and rewarded and how long an episode is, or a bf.MujocoTask; see docs/own_robot.md",
                ["task"],
            )
        if not task.endswith(SUFFIX):
            return _registered(task)
        from bierl_fast.tasks.mujoco_task import MujocoTask  # noqa: PLC0415 - loads the native module

        return MujocoTask.load(Path(task)).keywords()
    home: Any = sys.modules.get("bierl_fast.tasks.mujoco_task")  # where it is not, nobody has made one
    if home is None or not isinstance(task, home.MujocoTask):
        return None
    found: dict[str, Any] = task.keywords()
    return found


def _registered(task: str) -> dict[str, Any] | None:
    registration: Any = sys.modules.get("gymnasium.envs.registration")
    spec = None if registration is None else registration.registry.get(task)
    if spec is None or spec.entry_point != ENTRY_POINT or task == MUJOCO_TASK:
        return None
    if spec.kwargs.get("native") != MUJOCO_TASK:
        return None
    return {name: value for name, value in spec.kwargs.items() if name != "native"}
