"""Python functions by name, so that a saved run finds its task again.

function -> written_name -> "module:qualname" -> imported -> the same function
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from bierl_fast.errors import ArgumentError

EXTRAS = ("numba",)  # optional packages that a function's module may well import


def written_name(function: Callable[..., Any]) -> str:
    """`module:qualname` where that path leads to this very object, else `<module:qualname>`, which `imported` refuses.

    Refused are lambdas, local functions, bound methods, instances, and all that was defined in `__main__`.
    """
    plain = getattr(function, "__wrapped__", function)  # a numba.cfunc stands for the function it was made from
    kind = type(plain)
    module = getattr(plain, "__module__", None) or kind.__module__
    qualname = getattr(plain, "__qualname__", None) or f"{kind.__qualname__} instance"
    found: Any = sys.modules.get(module) if module not in {"__main__", "__mp_main__"} else None
    for name in qualname.split("."):
        found = getattr(found, name, None)
    path = f"{module}:{qualname}"
    return path if found is function else f"<{path}>"


def imported(path: str, what: str = "task") -> Callable[..., Any]:
    """The function at `module:qualname`; errors call it the `what`, which is its setting.

    Raises:
        ArgumentError: the module cannot be imported, has no such function, or the run's function had no import path.
    """
    if path.startswith("<"):
        raise ArgumentError(
            f"the {what} was the Python function {path}, which cannot be imported: a lambda, a local function, an "
            "instance, or one of __main__; train with a function that stands at the top level of a module",
            [what],
        )
    module, _, qualname = path.partition(":")
    if not (module and qualname):
        raise ArgumentError(f"cannot import the {what} {path!r}: an import path is module:function", [what])
    try:
        found: Any = importlib.import_module(module)
        for name in qualname.split("."):
            found = getattr(found, name)
    except Exception as error:  # whatever a user's module raises
        raise ArgumentError(f"cannot import the {what} {path!r}: {why_no_import(error)}", [what]) from error
    if not callable(found):
        raise ArgumentError(f"the {what} {path!r} must be a function, got {type(found).__name__}", [what])
    return found  # type: ignore[no-any-return]


def why_no_import(error: Exception) -> str:
    """An error of importing a user's module, with what to do where that is known."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return f"{error.name} is not installed; install it with: pip install 'bierl-fast[{error.name}]'"
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; is its folder on PYTHONPATH?"
    return f"{type(error).__name__}: {error}"
