"""A generation on Ray nodes, played with a clock of its own: the evaluator's rule of dealing, and measured costs.

    Setting, Costs, seconds of each row -> Model.generation -> Outcome

The rule is not written again here: it is evaluation/ray/dealing.py's, which runs. The driver does one thing at a time,
as it does; nodes run their chunks one after another, each on their threads; messages take their way.

Assumed, where nothing here measures it:
- what all chunks need reaches the nodes by a tree, each node that has it sending it on to one other at a time, at
  `bandwidth` or the speed measured between two nodes here, whichever is lower; `latency` comes on top of a way here;
- the driver's network takes all answers as they come: their bytes are in the seconds of a row of an answer;
- all nodes are ready, and as fast as this machine; threads share nothing that slows them;
- who is slow, is so for all of a generation by one factor; who is lost, is so at an even chance over the time that the
  generation would take, and that is noticed `notice` seconds later.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray_costs import Costs

from bierl_fast.evaluation.ray.dealing import Dealing, Rows, Worker

LISTEN = 0.2  # seconds that the driver waits at most for an answer
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """A cluster and what may happen on it."""

    nodes: int
    threads: int = 1
    parameters: int = 5000
    bases: int = 1
    bandwidth: float = math.inf  # bytes a second between two machines
    latency: float = 0.0  # seconds, one way
    slow: float = 0.0  # share of the nodes that are slow in a generation
    factor: float = 5.0  # times as slow
    lost: float = 0.0  # chance of a node to be lost in a generation
    notice: float = 15.0  # seconds


@dataclass(slots=True, eq=False, kw_only=True)
class Node(Worker):
    """A node, and how it is doing."""

    factor: float = 1.0
    dies: float = math.inf
    has: float = 0.0  # when it has what all chunks need
    free: float = 0.0  # when it has run all its chunks


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a generation came to."""

    seconds: float  # until the last row is answered
    driver: float  # of those, the driver was busy
    work: float  # of one thread, that the rows take
    again: float  # of one thread, for rows that were run once more
    chunks: int
    threads: int  # of all nodes

    @property
    def efficiency(self) -> float:
        """Share of the nodes' time that was work."""
        return self.work / (self.seconds * self.threads)


@dataclass(slots=True)
class Model:
    """Generations one after another; rates carry over."""

    costs: Costs
    setting: Setting
    seed: int = 0
    now: float = 0.0
    _busy: float = 0.0
    _number: int = 0
    _chance: np.random.Generator = field(init=False)
    _nodes: list[Node] = field(init=False)
    _dealing: Dealing = field(default_factory=Dealing)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng(self.seed)
        self._nodes = [Node(threads=self.setting.threads) for _ in range(self.setting.nodes)]

    def generation(self, seconds_r: F64) -> Outcome:
        """`seconds_r`: (R,) what each row takes one thread; rows are dealt in their order."""
        costs, dealing, began = self.costs, self._dealing, self.now
        self._number += 1
        self._busy = 0.0
        self._begin(seconds_r)
        dealing.begin(self._number, np.arange(seconds_r.size))
        coming: list[tuple[float, int, Node, float]] = []  # time, call, node, seconds; below 0: it is lost
        names, ran, pending, chunks = itertools.count(), 0.0, sum(len(node.calls) for node in self._nodes), 0
        while dealing.missing:
            self._spend(costs.deal_worker * len(self._nodes))
            for worker, rows in dealing.deal(self._nodes, self.now):
                assert isinstance(worker, Node)
                self._spend(costs.send + rows.size * costs.send_row)
                name = next(names)
                worker.calls[name] = dealing.call(rows, self.now)
                heapq.heappush(coming, self._run(worker, rows, seconds_r, name))
                ran += float(seconds_r[rows].sum())
                pending, chunks = pending + 1, chunks + 1
            self._spend(costs.wake + pending * costs.wake_call)
            self.now = max(self.now, min(coming[0][0], self.now + LISTEN)) if coming else self.now + LISTEN
            while coming and coming[0][0] <= self.now:
                _, name, node, took = heapq.heappop(coming)
                pending -= self._hear(node, name, took)
        for node in self._nodes:  # what they still run, nobody waits for; the next generation does
            node.calls.clear()
        work = float(seconds_r.sum())
        return Outcome(
            self.now - began, self._busy, work, ran - work, chunks, self.setting.nodes * self.setting.threads
        )

    def _spend(self, seconds: float) -> None:
        self.now += seconds
        self._busy += seconds

    def _begin(self, seconds_r: F64) -> None:
        setting, costs = self.setting, self.costs
        size = 4.0 * setting.parameters * setting.bases
        self._spend(costs.put + size * costs.put_byte)
        step = setting.latency + costs.fetch + size * max(costs.fetch_byte, 1.0 / setting.bandwidth)
        ideal = float(seconds_r.sum()) / (setting.nodes * setting.threads)
        slow, lost = (self._chance.random(setting.nodes) < share for share in (setting.slow, setting.lost))
        moments = self.now + ideal * self._chance.random(setting.nodes)
        self._nodes += [Node(threads=setting.threads) for _ in range(setting.nodes - len(self._nodes))]
        for place, node in enumerate(self._nodes):
            node.factor = setting.factor if slow[place] else 1.0
            node.dies = float(moments[place]) if lost[place] else math.inf
            node.has = self.now + step * math.ceil(math.log2(place + 2))

    def _run(self, node: Node, rows: Rows, seconds_r: F64, name: int) -> tuple[float, int, Node, float]:
        """When its answer is there."""
        way = self.costs.way + self.setting.latency
        took = node.factor * self.costs.chunk + node.factor * _together(seconds_r[rows], self.setting.threads)
        node.free = max(node.free, node.has, self.now + way) + took
        if node.free > node.dies:
            return max(self.now, node.dies + self.setting.notice), name, node, -1.0
        return node.free + way, name, node, took

    def _hear(self, node: Node, name: int, took: float) -> int:
        call = node.calls.pop(name, None)
        if call is None:
            return 0
        if took < 0:
            self._dealing.lost(call)
            if node in self._nodes:  # for the rest of the generation
                self._nodes.remove(node)
            return 1
        self._spend(self.costs.get + call.rows.size * self.costs.get_row)
        self._dealing.answered(node, call, took, self.now)
        return 1


def _together(seconds_k: F64, threads: int) -> float:
    """Of rows on threads, each of which takes the next when it is free."""
    if threads == 1:
        return float(seconds_k.sum())
    if seconds_k.size <= threads:
        return float(seconds_k.max())
    free = [0.0] * threads
    for seconds in seconds_k.tolist():
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def generations(model: Model, seconds_gr: list[F64]) -> list[Outcome]:
    """One after another."""
    return [model.generation(seconds_r) for seconds_r in seconds_gr]


def drawn(lives: Any, rows: int, seed: int) -> F64:
    """(R,) seconds of rows by chance."""
    found: F64 = lives.seconds(np.random.default_rng(seed).random(rows))
    return found
