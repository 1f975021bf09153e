"""Runs side by side, whatever becomes of the others.

[RunJob, ...], Place -> work -> observer(ComparisonProgress), ...
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bierl_fast.comparison.run_job import Begun, Place, RunJob
from bierl_fast.comparison.state import PATIENCE
from bierl_fast.errors import ComparisonError
from bierl_fast.run.interruption import end_if_told, saving_when_asked

BEAT = 0.5  # seconds between words to the observer
LOSSES = 5  # times that a run's machine may go before the run has got further than ever


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """How a comparison is doing."""

    runs: int
    finished: int
    failed: int
    running: tuple[str, ...]
    steps: int  # environment steps done, the finished runs' among them
    total_steps: int
    news: str | None = None  # what just happened, in one line


Observer = Callable[[ComparisonProgress], None]


@dataclass(slots=True)
class Crew:
    """Does tasks in a place, as many at a time as it has room for."""

    place: Place[Any]
    observer: Observer
    finished: int = 0  # of these and of all runs that needed nothing
    steps: int = 0  # of the same
    _total: tuple[int, int] = (0, 0)
    _failed: int = 0
    _told: set[str] = field(default_factory=set)
    _waiting: deque[RunJob] = field(default_factory=deque)
    _children: list[Begun] = field(default_factory=list)
    _losses: dict[str, tuple[int, int]] = field(default_factory=dict)  # a run's name -> how often, how far it had got

    def work(self, tasks: Sequence[RunJob], more: Callable[[], Sequence[RunJob]] = tuple) -> None:
        """Do them all; a failed one is told to its task and to the observer, and the others go on.

        `more` gives those that have come up since it was last called.

        Raises:
            KeyboardInterrupt, and whatever else ends this: once every run under way has saved itself and ended.
            ComparisonError: it was ended, and a run could not save itself.
        """
        self._waiting.extend(tasks)
        self._total = (self.finished + len(tasks), self.steps + sum(task.steps for task in tasks))
        try:
            with saving_when_asked(self._save):
                self._tell()
                beat = time.monotonic()
                while self._come_up(more) or self._children:
                    end_if_told()
                    while self._waiting and len(self._children) < self.place.room:
                        self._start(self._waiting.popleft())
                    for child in self.place.speaking(self._children, BEAT):
                        self._listen(child)
                    if time.monotonic() - beat >= BEAT:
                        self._tell()
                        beat = time.monotonic()
        finally:
            self._stop()

    def drop(self, tasks: Sequence[RunJob]) -> None:
        """What of them has not begun does not; what is under way ends after its generation, saved."""
        self._waiting = deque(task for task in self._waiting if task not in tasks)
        for child in self._children:
            if child.task in tasks:
                child.dropped = True
                child.ask("stop")

    def _come_up(self, more: Callable[[], Sequence[RunJob]]) -> bool:
        found = more()  # it may drop others
        self._waiting.extend(found)
        return bool(self._waiting)

    def _save(self) -> bool:
        for child in self._children:
            child.ask("save")
        return bool(self._children)

    def _start(self, task: RunJob) -> None:
        try:
            child = self.place.start(task)
        except (OSError, RuntimeError) as error:  # no room on the disk, no process to be had, a run under way elsewhere
            self._fail(task, str(error))
            return
        self._children.append(child)

    def _listen(self, child: Begun) -> None:
        going = child.hear()
        for text in child.warnings:
            if text not in self._told:  # many runs of one kind say the same
                self._told.add(text)
                self._tell(f"{child.task.name}: warning: {text}")
        child.warnings.clear()
        if going:
            return
        self._children.remove(child)
        why = child.ended()
        if child.lost and not child.dropped:
            self._run_again(child)
            return
        if why is not None:
            self._fail(child.task, why)
            return
        self.finished += 1
        self.steps += child.task.steps
        child.task.done()
        self._tell(f"{child.task.name}: done")

    def _run_again(self, child: Begun) -> None:
        """A run whose machine is gone goes on elsewhere; not forever, as it may be what brings machines down."""
        task = child.task
        times, furthest = self._losses.get(task.name, (0, -1))
        times = 1 if child.env_steps > furthest else times + 1
        self._losses[task.name] = (times, max(furthest, child.env_steps))
        if times >= LOSSES:
            self._fail(task, f"the machine that ran it was lost {times} times before it had got any further")
            return
        self._waiting.appendleft(task)
        self._tell(f"{task.name}: lost with the machine that ran it, and run again")

    def _fail(self, task: RunJob, why: str) -> None:
        self._failed += 1
        with suppress(OSError):  # a full disk must not hide why
            task.failed(why)
        self._tell(f"{task.name}: failed: {why}")

    def _tell(self, news: str | None = None) -> None:
        runs, total = self._total
        under_way = sum(min(child.env_steps, child.task.steps) for child in self._children)
        names = tuple(child.task.name for child in self._children)
        self.observer(ComparisonProgress(runs, self.finished, self._failed, names, self.steps + under_way, total, news))

    def _stop(self) -> None:
        """End every run that is under way; they save themselves first, unless there is a second interrupt.

        Raises:
            ComparisonError: what could not save itself, or was killed before it had.
        """
        try:
            for child in self._children:
                child.let_go()
            deadline = time.monotonic() + PATIENCE
            for child in self._children:
                child.wait(max(0.0, deadline - time.monotonic()))
        finally:
            lost = []
            while self._children:
                child = self._children.pop()
                if not child.wait(0.0):
                    child.kill()
                    text = "killed before it had saved itself; it goes on from the checkpoint before"
                    lost.append(f"{child.task.name}: {text}")
                while child.hear():
                    pass
                child.ended()
                if child.error is not None:
                    self._fail(child.task, child.error)
                    lost.append(f"{child.task.name}: {child.error}")
            if lost:  # in place of a second interrupt, too: what it cost must be told
                raise ComparisonError("; ".join(lost))
