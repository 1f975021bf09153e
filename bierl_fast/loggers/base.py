"""What a logger is: something that takes a run's numbers, made in a thread of its own, where it may be slow or fail.

LogRun -> Logger -> numbers, film -> close
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

FILM = "episode"  # what films are called


@dataclass(frozen=True, slots=True)
class LogRun:
    """The run that is logged.

    Attributes:
        name: of the run, for people.
        ident: that no other run has, and that a resumed one keeps.
        project: that it is shown under.
        folder: for what the logger keeps on disk, in the run's directory; not made yet.
        hyperparameters: the run's settings, each a number, a text, True or False.
        generations: done so far; a resumed run has more than 0.
        env_steps: done so far.
    """

    name: str
    ident: str
    project: str
    folder: Path
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    generations: int = 0
    env_steps: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a run something belongs: the x axis, the generation, and seconds since the epoch."""

    env_steps: int
    generation: int
    time: float


class Logger(Protocol):
    """One tool. Each call may block, and may raise anything: then the tool gets nothing more, and the run goes on."""

    def numbers(self, numbers: Mapping[str, float], at: Place) -> None:
        """A generation's numbers by name, such as rollout/mean_return."""

    def film(self, path: Path, at: Place) -> None:
        """An episode on film, in the kind of file that the table names."""

    def close(self) -> None:
        """Everything has come; see that it gets to where it belongs."""
