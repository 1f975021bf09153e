"""Wrappers around an environment, each written as the call that makes it.

"module:Wrapper", "file.py:Wrapper(size=4)" -> checked -> as it is saved
environment, wrappers in writing             -> wrapped -> gymnasium.Env, the last wrapper outermost
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bierl_fast.errors import ConfigError, TaskError, shown
from bierl_fast.import_path import call_of, imported, parted, settled

if TYPE_CHECKING:
    import gymnasium

FORM = "module:Wrapper or file.py:Wrapper, with literals by name where it takes any: module:Wrapper(size=4)"


def path_and_keywords(written: str) -> tuple[str, dict[str, Any]]:
    """The import path of a wrapper, and its keyword arguments.

    Raises:
        ConfigError: it is written otherwise.
    """
    path, arguments = call_of(written)
    home, name = parted(path)
    try:
        if not home or not all(part.isidentifier() for part in name.split(".")):
            raise ValueError
        call = ast.parse(f"f{arguments or '()'}", mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError
        return path, {_name(each): ast.literal_eval(each.value) for each in call.keywords}
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: of many brackets
        raise ConfigError(f"each wrapper must be {FORM}, got {shown(written)}", ["wrapper"]) from None


def _name(keyword: ast.keyword) -> str:
    if keyword.arg is None:
        raise ValueError("**keywords")
    return keyword.arg


def checked(wrappers: Iterable[str]) -> tuple[str, ...]:
    """Wrappers as they hold in every working directory: each is written as it should be, and can be imported.

    Raises:
        ConfigError: one is written otherwise.
        ArgumentError: one cannot be imported.
    """
    found = []
    for written in wrappers:
        path, _ = path_and_keywords(written)
        imported(path, "wrapper")
        found.append(settled(written))
    return tuple(found)


def wrapped(env: gymnasium.Env[Any, Any], wrappers: Iterable[str]) -> gymnasium.Env[Any, Any]:
    """`env` within these, the last outermost. Raises what they raise, and TaskError where one is no environment."""
    import gymnasium  # noqa: PLC0415 - gymnasium takes 0.1 s

    for written in wrappers:
        path, keywords = path_and_keywords(written)
        try:
            env = imported(path, "wrapper")(env, **keywords)
        except BaseException as error:
            error.add_note(f"raised by the wrapper {written}")
            raise
        if not isinstance(env, gymnasium.Env):
            raise TaskError(
                f"the wrapper {written} must give a gymnasium.Env, as a gymnasium.Wrapper does, got "
                f"{type(env).__name__}",
                ["wrapper"],
            )
    return env
