"""Which rows go where, as a rule alone: no cluster, no clock. bench/ray_simulator.py plays it with thousands of nodes.

    rows in order -> begin -> deal, answered, lost, ... -> nothing is missing

Guided self-scheduling: a node that asks gets a share of what is left that its rate would do in half of the time that
all would take, so chunks shrink towards the end, when it matters that all finish together; but not below what keeps a
node busy while the driver serves all others, so that of too many nodes some get nothing. Who is idle then runs rows
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

FEW = 4  # rows of a thread that say little of its rate
CHUNK_SECONDS = 3e-4  # of the driver for a chunk, sent and heard; bench/ray_simulator.py
AHEAD = 2  # chunks that a node has, so that it need not wait for the next one
LATE = 2.0  # times the expected seconds, after which others run a chunk too
LEAST_LATE = 0.5  # seconds
LOOK = 0.1  # seconds between two looks for what is late: each goes through all that is out
SLOWEST = 600.0  # seconds without an answer to a chunk that others have answered: the node is given up
LOSSES = 5  # times that a row is lost, without an answer to any in between, before the row is what brings nodes down
MEMORY = 10.0  # seconds of work that a node's rate is taken from: one short row must not make it fast

Rows = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Worker:
    """A node that takes rows."""

    threads: int
    done: float = 0.0  # rows answered, older ones counting less
    took: float = 0.0  # seconds for them
    calls: dict[Any, Call] = field(default_factory=dict)  # whatever names a call -> the chunk

    @property
    def rate(self) -> float:
        """Rows a second; 0: not yet known."""
        return self.done / self.took if self.took else 0.0


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
        self._losses = np.empty(0, np.intp)  # of each row, since there was last an answer
        self._lost_any = False
        self._looked = self._weighed = -math.inf
        self._workers = 0
        self._known = False  # whether anybody's rate is
        self._usual = self._together = 1.0  # rows a second, of a thread and of all
        self.missing = 0  # rows without an answer

    def begin(self, number: int, order: Rows) -> None:
        """An evaluation of these rows, in this order."""
        self._number = number
        self._left = order
        self._missing = np.ones(order.size, np.bool_)
        self._losses = np.zeros(order.size, np.intp)
        self._lost_any = False
        self._looked = -math.inf
        self.missing = order.size

    def deal(self, workers: Sequence[W], now: float) -> Iterator[tuple[W, Rows]]:
        """Chunks for whoever of them has room; whoever takes one gets a Call in its `calls`, before the next is asked.

        `workers` are all those that are ready.
        """
        waiting = [worker for worker in workers if len(worker.calls) < AHEAD]
        if not waiting or not self.missing:
            return
        self._weigh(workers, now)
        rates = {worker: self._rate(worker) for worker in waiting}
        shortest = self._shortest(len(workers))
        for worker in sorted(waiting, key=lambda each: -rates[each]):
            while self._left.size and len(worker.calls) < AHEAD:
                yield worker, self._following(worker, rates[worker] / self._together, rates[worker] * shortest)
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
        done, took = worker.done + call.rows.size, worker.took + max(seconds, 1e-6)
        kept = min(1.0, MEMORY / took)
        worker.done, worker.took = kept * done, kept * took
        for waiting in worker.calls.values():
            waiting.since = now  # it is at work on the next one only now
        if call.number != self._number:
            return False
        new = int(np.count_nonzero(self._missing[call.rows]))
        self._missing[call.rows] = False
        self.missing -= new
        if new and self._lost_any:
            self._losses[:] = 0
            self._lost_any = False
        return new > 0

    def lost(self, call: Call) -> int:
        """Nobody runs this chunk any more; how often that has befallen one of its rows since there was an answer."""
        if call.number != self._number:
            return 0
        missing = call.rows[self._missing[call.rows]]
        if not missing.size:
            return 0
        rows = call.rows if self._granule > 1 else missing
        rows = rows[~np.isin(rows, self._left)]  # who ran them as well may be lost, too: no chunk has a row twice
        self._left = np.concatenate([rows, self._left])
        self._losses[missing] += 1
        self._lost_any = True
        return int(self._losses[missing].max())

    def hanging(self, worker: Worker, now: float) -> bool:
        """Whether a node is to be given up: it answers nothing, and its rows are long done elsewhere."""
        return any(now - call.since > SLOWEST and call.shadowed for call in worker.calls.values())

    def is_present(self, call: Call) -> bool:
        """Whether a chunk is of this evaluation."""
        return call.number == self._number

    def _weigh(self, workers: Sequence[Worker], now: float) -> None:
        """Note what all do together; now and then, as it goes through all of them."""
        if self._known and len(workers) == self._workers and now - self._weighed < LOOK:
            return
        self._workers, self._weighed = len(workers), now
        took = sum(worker.took * worker.threads for worker in workers)
        self._known = took > 0.0
        self._usual = sum(worker.done for worker in workers) / took if self._known else 1.0
        self._together = self._usual * sum(worker.threads for worker in workers)

    def _rate(self, worker: Worker) -> float:
        """Rows a second, near to what is usual where little is known of it; relative where nothing is of anybody."""
        return (worker.done + FEW * worker.threads) / (worker.took + FEW / self._usual)

    def _shortest(self, nodes: int) -> float:
        """Seconds that a chunk is to take a node at least.

        So many that the driver can serve all nodes, one after another; where even that is too long, so many that
        sending all chunks and running the last one take the same time, with what nodes that needs.
        """
        if not self._known:
            return 0.0
        work = self._missing.size * nodes / self._together  # seconds of one node, that all rows take
        return CHUNK_SECONDS * min(nodes, math.sqrt(work / CHUNK_SECONDS))

    def _following(self, worker: Worker, share: float, least: float) -> Rows:
        """The next rows for a node that does this share of all; about so many at least."""
        unit = worker.threads * self._granule
        count = max(unit, math.ceil(max(self._left.size * share / (2 * AHEAD), least) / unit) * unit)
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
