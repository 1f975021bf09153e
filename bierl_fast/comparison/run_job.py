"""One run to be done, one that has begun, and the places where runs are done.

    RunJob -> Place.start -> Begun -> hear, hear, ... -> ended

A place is this machine's processes (processes.py), or the nodes of a cluster (on_ray.py).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bierl_fast.comparison.harness import INTERRUPTED
from bierl_fast.evaluation.pool.process import ending

NOTHING: Callable[..., None] = lambda *_: None  # noqa: E731


@dataclass(frozen=True, slots=True)
class RunJob:
    """One run to be done."""

    name: str
    steps: int  # environment steps it may spend
    begin: Callable[[], dict[str, Any]]  # called just before: makes ready, gives the job for worker.main
    failed: Callable[[str], None]  # called with why, in one line
    log: Path  # where its standard error goes
    worker: str = "bierl_fast.comparison.worker"  # the module whose main(job) its process runs
    heard: Callable[[dict[str, Any]], None] = NOTHING  # called with each message of its process
    done: Callable[[], None] = NOTHING  # called when it has ended well


class Begun(ABC):
    """A run that has begun: what it has said so far, and the hold on it."""

    def __init__(self, task: RunJob) -> None:
        self.task = task
        self.env_steps = 0
        self.error: str | None = None
        self.warnings: list[str] = []
        self.dropped = False  # nobody waits for its end any more
        self.lost = False  # its machine is gone, and it is to be run again
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Take in what it has said."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.task.heard(message)
            self.env_steps = message.get("env_steps", self.env_steps)
            self.error = message.get("error", self.error)
            self.warnings += [message["warning"]] if "warning" in message else []

    def ended(self) -> str | None:
        """Wait for its end; why it failed, None if it did not."""
        code = self._exit_code()
        if code == 0 or self.error is not None:
            return self.error
        if code == INTERRUPTED:
            return "a signal ended its process, which saved itself first; the same comparison goes on with it"
        return f"its process {ending(code)}; {self.task.log} holds what it printed"

    @abstractmethod
    def hear(self) -> bool:
        """Take in what it says next, waiting for that; False when it will say no more."""

    @abstractmethod
    def ask(self, what: str) -> None:
        """Have it "save" itself and go on, or "stop" after this generation."""

    @abstractmethod
    def let_go(self) -> None:
        """Interrupt it, as by Ctrl-C."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Whether it has ended, within these seconds."""

    @abstractmethod
    def kill(self) -> None:
        """End it at once."""

    @abstractmethod
    def _exit_code(self) -> int:
        """Of its process, once that is gone."""


B = TypeVar("B", bound=Begun)


class Place(Protocol[B]):
    """Where runs are done."""

    @property
    def room(self) -> int:
        """Runs that may be under way at once."""
        ...

    def start(self, task: RunJob) -> B:
        """Begin a run; OSError or RuntimeError where that one cannot be."""
        ...

    def speaking(self, runs: Sequence[B], seconds: float) -> Sequence[B]:
        """Those that have something to say, or have ended, once there are some; none after these seconds."""
        ...

    def close(self) -> None:
        """Nothing more is to be done here."""
        ...
