"""Whether there is a task of that name, before anything is made of it.

task, dim -> require_known -> an error, with the nearest name
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bierl_fast._native import core
from bierl_fast.evaluation.environment.maker import find
from bierl_fast.evaluation.function.runner import require_function
from bierl_fast.evaluation.native import native_ids
from bierl_fast.evaluation.policy.vector import native_functions


def require_known(task: str | Callable[..., Any], dim: int | None = None) -> None:
    """Raise for the id of no environment, with `dim` of no function; code that a file may name is not imported.

    Raises:
        ArgumentError: there is none; the nearest is offered.
    """
    if callable(task) or ":" in task:
        return
    if dim is not None:
        require_function(task)
    elif task not in native_functions() and not core.is_native(task):
        find(task, {}, native_ids())
