"""Gives this package's own tasks their Gymnasium ids, without importing Gymnasium.

    import bierl_fast -> when_gymnasium_is_there(): at once, or right after the program imports Gymnasium

Gymnasium 1.x asks no installed package for its environments, and importing it here would cost 0.1 s to programs that
never make one. So where Gymnasium is not yet imported, a finder waits for it, steps in once and is gone.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

AWAITED = "gymnasium.envs"  # once it is executed, Gymnasium's own registry is complete
ENTRY_POINT = "bierl_fast.native_env:from_spec"
MUJOCO_TASK = "bierl/MujocoTask-v0"  # every task of one's own: what it is, its keyword arguments say
OWN: dict[str, dict[str, Any]] = {
    "bierl/DeceptivePoint-v0": {"max_episode_steps": 300, "reward_threshold": -50.0},
    MUJOCO_TASK: {},
}  # as in the task table


def keywords(task: str) -> dict[str, Any]:
    """What ENTRY_POINT is registered with for one of these tasks."""
    return {"native": task}


def when_gymnasium_is_there() -> None:
    """Register the tasks now if Gymnasium is imported, else as soon as it is. Twice is the same as once."""
    if AWAITED in sys.modules:
        _register()
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _register() -> None:
    from gymnasium.envs import registration  # noqa: PLC0415 - gymnasium takes 0.1 s

    for task, facts in OWN.items():
        if task not in registration.registry:
            registration.register(task, ENTRY_POINT, kwargs=keywords(task), **facts)


class _Finder(MetaPathFinder):
    """Finds what the others find, and has it registered after execution."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != AWAITED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Another loader, and then the registration."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register()
