"""Packages that an extra brings, loaded when they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bierl_fast.errors import InstallationError


def optional(module: str, extra: str, what: str) -> Any:
    """The module.

    Args:
        module: its import path; its package goes by the same name.
        extra: of this project, that brings it.
        what: needs it, for the error.

    Raises:
        InstallationError: it is not there; the text has the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InstallationError(
            f"{what} needs {package}, which is not installed; install it with: pip install 'bierl-fast[{extra}]'"
        ) from error


@contextmanager
def quiet(optuna: Any) -> Iterator[None]:
    """No word of Optuna's on standard error, where it tells of every study; its own setting is put back."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
