"""Runs side by side, each in a process of its own, whatever becomes of the others.

    [RunJob, ...] -> work -> observer(ComparisonProgress), ...

A fresh interpreter for each run, never a fork: it shares no thread, no random state and no memory with the next, and a
crash ends that run alone. A process is held by its standard input (see harness.py): letting go of it interrupts the
run, and the system lets go when this process ends, however it ends, so no run outlives the comparison.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bierl_fast.comparison.harness import INTERRUPTED
from bierl_fast.errors import ComparisonError
from bierl_fast.evaluation.pool.process import ENVIRONMENT, ending
from bierl_fast.run.interruption import end_if_told, saving_when_asked

CODE = "import json, sys; sys.path[:] = {path!r}; from {worker} import main; sys.exit(main(json.loads(sys.argv[1])))"
PATIENCE = 60.0  # seconds that an interrupted run gets to save itself
BEAT = 0.5  # seconds between words to the observer
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


class _RunProcess:
    """One run's process."""

    def __init__(self, task: RunJob) -> None:
        self.task = task
        self.env_steps = 0
        self.error: str | None = None
        self.warnings: list[str] = []
        self._rest = b""
        job = task.begin()
        with task.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CODE.format(path=sys.path, worker=task.worker), json.dumps(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **ENVIRONMENT},
                process_group=0,  # out of the terminal's reach: the parent alone decides on Ctrl-C
            )

    @property
    def channel(self) -> int:
        """The file descriptor its messages come from."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def hear(self) -> bool:
        """Take in what it has said; False when it will say no more."""
        data = os.read(self.channel, 2**16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.task.heard(message)
            self.env_steps = message.get("env_steps", self.env_steps)
            self.error = message.get("error", self.error)
            self.warnings += [message["warning"]] if "warning" in message else []
        return bool(data)

    def let_go(self) -> None:
        """Interrupt it, as by Ctrl-C."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()

    def ask(self, what: str) -> None:
        """Have it "save" itself and go on, or "stop" after this generation."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended, or was let go of
            os.write(self.process.stdin.fileno(), f"{what}\n".encode())

    def ended(self) -> str | None:
        """Wait for its end; why it failed, None if it did not."""
        code = self.process.wait()
        self.let_go()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if code == 0 or self.error is not None:
            return self.error
        if code == INTERRUPTED:
            return "a signal ended its process, which saved itself first; the same comparison goes on with it"
        return f"its process {ending(code)}; {self.task.log} holds what it printed"


@dataclass(slots=True)
class Crew:
    """Does tasks, `jobs` of them at a time."""

    jobs: int
    observer: Observer
    finished: int = 0  # of these and of all runs that needed nothing
    steps: int = 0  # of the same
    _total: tuple[int, int] = (0, 0)
    _failed: int = 0
    _told: set[str] = field(default_factory=set)
    _waiting: deque[RunJob] = field(default_factory=deque)
    _children: list[_RunProcess] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

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
                    while self._waiting and len(self._children) < self.jobs:
                        self._start(self._waiting.popleft())
                    for key, _ in self._selector.select(BEAT):
                        self._listen(key.data)
                    if time.monotonic() - beat >= BEAT:
                        self._tell()
                        beat = time.monotonic()
        finally:
            self._stop()
            self._selector.close()

    def drop(self, tasks: Sequence[RunJob]) -> None:
        """What of them has not begun does not; what is under way ends after its generation, saved."""
        self._waiting = deque(task for task in self._waiting if task not in tasks)
        for child in self._children:
            if child.task in tasks:
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
            child = _RunProcess(task)
        except (OSError, RuntimeError) as error:  # no room on the disk, no process to be had, a run under way elsewhere
            self._fail(task, str(error))
            return
        self._children.append(child)
        self._selector.register(child.channel, selectors.EVENT_READ, child)

    def _listen(self, child: _RunProcess) -> None:
        going = child.hear()
        for text in child.warnings:
            if text not in self._told:  # many runs of one kind say the same
                self._told.add(text)
                self._tell(f"{child.task.name}: warning: {text}")
        child.warnings.clear()
        if going:
            return
        self._selector.unregister(child.channel)
        self._children.remove(child)
        why = child.ended()
        if why is not None:
            self._fail(child.task, why)
            return
        self.finished += 1
        self.steps += child.task.steps
        child.task.done()
        self._tell(f"{child.task.name}: done")

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
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            lost = []
            while self._children:
                child = self._children.pop()
                if child.process.poll() is None:
                    child.process.kill()
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
