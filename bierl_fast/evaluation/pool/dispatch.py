"""One batch under way in a pool: which rows wait, who runs which, which failed.

rows in order -> Dispatch.run -> results in the shared block, reasons of failed rows
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any

from bierl_fast.errors import ArgumentError, EpisodeError, WorkerError
from bierl_fast.evaluation.pool.messages import Batch, Done
from bierl_fast.evaluation.pool.pool import DEATHS, Pool
from bierl_fast.evaluation.pool.process import WorkerProcess
from bierl_fast.evaluation.pool.settings import PoolSettings

GRACE = 1.0  # seconds past episode_timeout after which a worker that cannot stop itself is killed


@dataclass
class Dispatch:
    """One batch under way: which rows wait, who runs which, which failed."""

    pool: Pool
    settings: PoolSettings
    batch: Batch
    views: dict[str, Any]
    order: list[int]
    numbers: Sequence[int] | None = None  # what errors call each row; None: its own number
    reasons: dict[int, str] = field(default_factory=dict)  # of failed rows
    lost_steps: int = 0  # of attempts that were run again

    def run(self) -> None:
        """Run every row to its end."""
        self._pending = deque(self.order)
        self._left = len(self.order)
        self._deaths: Counter[int] = Counter()
        self._tries: Counter[int] = Counter()
        while self._left:
            if self.pool.closed:  # by another thread
                raise WorkerError("this evaluator is closed")
            self._assign_rows()
            spoke = wait([worker.connection for worker in self.pool.workers], self._wait_seconds())
            for worker in list(self.pool.workers):
                if worker.connection in spoke or not spoke:  # nobody spoke: look after everybody
                    self._listen(worker)
            self._kill_overdue()

    def _assign_rows(self) -> None:
        """A row for every idle worker; a second one, so that none waits for a message, while there are many."""
        for depth in (1, 2):
            for worker in self.pool.workers:
                enough = self._pending and (depth == 1 or len(self._pending) > len(self.pool.workers))
                if worker.has_policy and enough and len(worker.rows) < depth:
                    worker.assign(self._pending.popleft(), self.batch)

    def _wait_seconds(self) -> float:
        """Seconds until something has to be looked at that sends no message."""
        timeout, now = self.settings.episode_timeout, time.monotonic()
        ends = [1.0]
        for worker in self.pool.workers:
            if worker.closing is not None:
                ends.append(worker.closing + self.settings.close_timeout - now)
            elif worker.rows and timeout is not None:
                ends.append(worker.since + timeout + GRACE - now)
        return max(0.0, min(ends))

    def _listen(self, worker: WorkerProcess) -> None:
        try:
            messages = self.pool.receive(worker)
        except EOFError:
            self._replace_lost(worker, f"its worker process died {DEATHS} times; the last one {worker.died()}")
            return
        for message in messages:
            if isinstance(message, Done):
                worker.answered()
                self._record(message)

    def _kill_overdue(self) -> None:
        """Kill workers that hang in a close, or inside one step, where they cannot look at the clock themselves."""
        timeout = self.settings.episode_timeout
        for worker in list(self.pool.workers):
            if worker.closes_too_long(self.settings.close_timeout):
                self.pool.end_late_close(worker)
                self._replace_lost(worker, "")
            elif timeout is not None and worker.rows and self._overdue(worker, timeout):
                worker.kill()
                row = worker.rows.popleft()
                self._replace_lost(worker, "")
                self._write_failed(row)
                self._record(Done(row, f"it outlived episode_timeout = {timeout:g} seconds inside one step"))

    def _overdue(self, worker: WorkerProcess, timeout: float) -> bool:
        return worker.closing is None and time.monotonic() - worker.since > timeout + GRACE

    def _replace_lost(self, worker: WorkerProcess, reason: str) -> None:
        """Replace a worker that is gone and run its rows again; the one it was at, a bounded number of times."""
        rows = list(worker.rows)
        worker.rows.clear()
        self.pool.replace(worker)
        if rows and reason:
            self._deaths[rows[0]] += 1
            if self._deaths[rows[0]] >= DEATHS:
                self._write_failed(rows[0])
                self._record(Done(rows.pop(0), reason), again=False)
        self._pending.extendleft(reversed(rows))

    def _write_failed(self, row: int) -> None:
        """The results of a row that no worker could finish."""
        for name in ("returns_r", "lengths_r", "entropy_r", "behaviour_rd"):
            self.views[name][row] = 0
        self.views["count_r"][row : row + 1] = 0.0
        self.views["failed_r"][row] = True

    def _record(self, done: Done, again: bool = True) -> None:
        if done.fatal:
            raise ArgumentError(done.reason or "")
        if done.reason is None:
            self._left -= 1
            return
        if self.settings.on_failure == "raise":
            row = done.row if self.numbers is None else self.numbers[done.row]
            raise EpisodeError(f"row {row} failed: {done.reason}")
        if self.settings.on_failure == "retry" and again and self._tries[done.row] < self.settings.retries:
            self._tries[done.row] += 1
            self.lost_steps += int(self.views["lengths_r"][done.row])
            self._pending.appendleft(done.row)
            return
        self.reasons[done.row] = done.reason
        self._left -= 1
