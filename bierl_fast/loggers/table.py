"""Loggers by name. Adding one is one file and one line here; nothing is loaded before it is used."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from bierl_fast.errors import InstallationError
from bierl_fast.loggers.base import Logger, LogRun


@dataclass(frozen=True, slots=True)
class LoggerEntry:
    """One line of the table.

    Attributes:
        about: for help and docs.
        make: module and class or function, LogRun -> Logger.
        package: that it needs, which the extra of the logger's own name brings.
        film: the kind of film it takes, an ending of `bierl record`.
    """

    about: str
    make: str
    package: str
    film: str


LOGGERS: dict[str, LoggerEntry] = {
    "tensorboard": LoggerEntry(
        "event files in the run's directory; tensorboard --logdir runs", "tensorboard:TensorBoard", "tensorboard", "gif"
    ),
    "wandb": LoggerEntry("Weights & Biases; offline with WANDB_MODE=offline", "wandb:WeightsAndBiases", "wandb", "mp4"),
    "trackio": LoggerEntry("Trackio, on this machine or in a Space; trackio show", "trackio:Trackio", "trackio", "mp4"),
}


def maker_of(name: str) -> Callable[[LogRun], Logger]:
    """What makes the logger of that name."""
    module, _, maker = LOGGERS[name].make.partition(":")
    found: Callable[[LogRun], Logger] = getattr(importlib.import_module(f"{__package__}.{module}"), maker)
    return found


def require_installed(name: str) -> None:
    """InstallationError, with the line that installs it, where a logger's package is missing. Loads nothing."""
    package = LOGGERS[name].package
    if importlib.util.find_spec(package) is None:
        raise InstallationError(
            f"log {name!r} needs {package}, which is not installed; install it with: pip install 'bierl-fast[{name}]', "
            f"or leave {name} out of log"
        )
