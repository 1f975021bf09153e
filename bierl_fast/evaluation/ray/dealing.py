"""Which rows go where, as a rule alone: no cluster, no clock. bench/ray_simulator.py plays it with thousands of nodes.

    rows in order -> begin -> deal, answered, lost, ... -> nothing is missing

Guided self-scheduling: a node that asks gets a share of what is left that its rate would do in half of the time that
all would take, so chunks shrink towards the end, when it matters that all finish together. Who is idle then runs rows
that others have had too long once more; the first answer counts, and as rows give the same bits anywhere, which one
that is changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

AHEAD = 2  # chunks that a node has, so that it need not wait for the next one
LATE = 2.0  # times the expected seconds, after which others run a chunk too
LEAST_LATE = 0.5  # seconds
LOOK = 0.1  # seconds between two looks for what is late: each goes through all that is out
SLOWEST = 600.0  # seconds without an answer to a chunk that others have answered: the node is given up
SMOOTH = 0.5  # weight of the latest chunk in a node's rate

Rows = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Worker:
    """A node that takes rows."""

    threads: int
    rate: float = 0.0  # rows a second; 0: not yet known
    calls: dict[Any, Call] = field(default_factory=dict)  # whatever names a call -> the chunk


@dataclass(slots=True, eq=False)
class Call:
    """A chunk that a node has."""

    rows: Rows
    number: int  # of the evaluation
    since: float
    shadowed: bool = False  # others run it, too


W = TypeVar("W", bound=Worker)


class Dealing:
    """See the module. `now` is always in seconds, on one clock."""

    def __init__(self, granule: int = 1) -> None:
        """`granule`: rows that must stay together, from a multiple of it on; 1: none."""
        self._granule = granule
        self._number = 0
        self._left: Rows = np.empty(0, np.intp)
        self._missing = np.empty(0, np.bool_)
        self._looked = -math.inf
        self.missing = 0  # rows without an answer

    def begin(self, number: int, order: Rows) -> None:
        """An evaluation of these rows, in this order."""
        self._number = number
        self._left = order
        self._missing = np.ones(order.size, np.bool_)
        self._looked = -math.inf
        self.missing = order.size

    def deal(self, workers: Sequence[W], now: float) -> Iterator[tuple[W, Rows]]:
        """Chunks for whoever of them has room; whoever takes one gets a Call in its `calls`, before the next is asked.

        `workers` are all those that are ready.
        """
        waiting = [worker for worker in workers if len(worker.calls) < AHEAD]
        if not waiting or not self.missing:
            return
        known = [worker.rate for worker in workers if worker.rate]
        usual = sum(known) / len(known) if known else 1.0
        together = sum(worker.rate or usual * worker.threads for worker in workers)
        for worker in sorted(waiting, key=lambda each: -(each.rate or usual * each.threads)):
            share = (worker.rate or usual * worker.threads) / together
            while self._left.size and len(worker.calls) < AHEAD:
                yield worker, self._following(worker, share)
        idle = [worker for worker in waiting if not worker.calls]
        if idle and not self._left.size and now - self._looked >= LOOK:
            self._looked = now
            yield from zip(idle, self._late(workers, now), strict=False)

    def call(self, rows: Rows, now: float) -> Call:
        """The chunk, as whoever takes it has it."""
        return Call(rows, self._number, now)

    def answered(self, worker: Worker, call: Call, seconds: float, now: float) -> bool:
        """Take note of an answer, which took so long to make; whether it has anything new.

        `call` is no longer among the worker's.
        """
        rate = call.rows.size / max(seconds, 1e-6)
        worker.rate = SMOOTH * rate + (1 - SMOOTH) * (worker.rate or rate)
        for waiting in worker.calls.values():
            waiting.since = now  # it is at work on the next one only now
        if call.number != self._number:
            return False
        new = int(np.count_nonzero(self._missing[call.rows]))
        self._missing[call.rows] = False
        self.missing -= new
        return new > 0

    def lost(self, call: Call) -> None:
        """Nobody runs this chunk any more."""
        if call.number != self._number:
            return
        rows = call.rows if self._granule > 1 else call.rows[self._missing[call.rows]]
        if self._missing[rows].any():
            self._left = np.concatenate([rows, self._left])

    def hanging(self, worker: Worker, now: float) -> bool:
        """Whether a node is to be given up: it answers nothing, and its rows are long done elsewhere."""
        return any(now - call.since > SLOWEST and call.shadowed for call in worker.calls.values())

    def is_present(self, call: Call) -> bool:
        """Whether a chunk is of this evaluation."""
        return call.number == self._number

    def _following(self, worker: Worker, share: float) -> Rows:
        """The next rows for a node that does this share of all."""
        least = worker.threads * self._granule
        count = max(least, math.ceil(self._left.size * share / (2 * AHEAD) / least) * least)
        rows, self._left = self._left[:count], self._left[count:]
        return rows

    def _late(self, workers: Iterable[Worker], now: float) -> Iterator[Rows]:
        """What somebody has had too long, and nobody else runs."""
        for worker in workers:
            for call in worker.calls.values():
                rows = call.rows[self._missing[call.rows]] if call.number == self._number else call.rows[:0]
                expected = rows.size / worker.rate if worker.rate else 0.0
                if rows.size and not call.shadowed and now - call.since > max(LEAST_LATE, LATE * expected):
                    call.shadowed = True
                    yield call.rows if self._granule > 1 else rows
