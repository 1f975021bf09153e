"""Whose environment an id of Gymnasium's registry stands for: anybody may register one anew.

native id -> taken_over_by -> None, or what makes it now         EnvSpec -> entry_point -> text
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from bierl_fast._native import core
from bierl_fast._registration import ENTRY_POINT, OWN, keywords
from bierl_fast.import_path import written_name

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec


# Of Gymnasium's Box2D tasks: what makes them, and its keyword arguments.
BOX2D: dict[str, tuple[str, dict[str, Any]]] = {
    "BipedalWalker-v3": ("bipedal_walker:BipedalWalker", {}),
    "BipedalWalkerHardcore-v3": ("bipedal_walker:BipedalWalker", {"hardcore": True}),
    "LunarLander-v3": ("lunar_lander:LunarLander", {}),
    "LunarLanderContinuous-v3": ("lunar_lander:LunarLander", {"continuous": True}),
}


def taken_over_by(task: str) -> str | None:
    """What makes a native task's environment here, where that is not what the native task is the twin of; else None.

    Gymnasium's own is told by its entry point, which follows from a MuJoCo task's id, its time limit, its keyword
    arguments, and by having no wrappers. Where Gymnasium is not imported nobody can have registered anything.
    """
    registration: Any = sys.modules.get("gymnasium.envs.registration")
    spec = None if registration is None else registration.registry.get(task)
    if spec is None:
        return None
    rows = {row["id"]: row for row in core.task_table()}
    steps = rows[task]["max_episode_steps"] if task in rows else None
    if task in OWN:
        made_by, given = ENTRY_POINT, keywords(task)
    elif task in BOX2D:
        name, given = BOX2D[task]
        made_by = f"gymnasium.envs.box2d.{name}"
    else:
        name, _, version = task.rpartition("-")
        made_by, given = f"gymnasium.envs.mujoco.{name}{version}:{name}env", {}
    found = entry_point(spec)
    if found.replace("_", "").lower() != made_by.replace("_", "").lower():
        return found
    changed = spec.kwargs != given or spec.additional_wrappers or spec.max_episode_steps != steps
    return f"{found} with other keyword arguments, wrappers or time limit" if changed else None


def entry_point(spec: EnvSpec) -> str:
    """What makes an environment of the registry, in writing."""
    entry = spec.entry_point
    if entry is None:
        return "nothing"
    # Without the brackets of what has no import path: a class that was defined anew is the same by name.
    return entry if isinstance(entry, str) else written_name(entry).strip("<>")
