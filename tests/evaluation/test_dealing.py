"""The rule by which rows go to nodes, played with a clock of its own."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from bierl_fast.evaluation.ray.dealing import AHEAD, LATE, LEAST_LATE, SLOWEST, Dealing, Rows, Worker

NEVER = float("inf")


class Played:
    """Nodes that take so many seconds for a row, NEVER for those that hang; what went where, and when it was over."""

    def __init__(self, dealing: Dealing, seconds: Sequence[float], threads: int = 1) -> None:
        self.dealing = dealing
        self.workers = [Worker(threads=threads) for _ in seconds]
        self.seconds = dict(zip(self.workers, seconds, strict=True))
        self.free = dict.fromkeys(self.workers, 0.0)
        self.now = 0.0
        self.log: list[tuple[int, Rows]] = []
        self.answers: list[Rows] = []
        self._names = itertools.count()

    def play(self, number: int, order: Rows) -> float:
        """The seconds that it takes."""
        coming: list[tuple[float, int, Worker, float]] = []
        began = self.now
        self.dealing.begin(number, order)
        while self.dealing.missing:
            for worker, rows in self.dealing.deal(self.workers, self.now):
                name, work = next(self._names), rows.size * self.seconds[worker]
                worker.calls[name] = self.dealing.call(rows, self.now)
                self.free[worker] = max(self.free[worker], self.now) + work
                heapq.heappush(coming, (self.free[worker], name, worker, work))
                self.log.append((self.workers.index(worker), rows))
            if coming and coming[0][0] <= self.now + 0.05:
                self.now, name, worker, work = heapq.heappop(coming)
                call = worker.calls.pop(name)
                if self.dealing.answered(worker, call, work, self.now):
                    self.answers.append(call.rows)
            else:
                self.now += 0.05
                assert self.now < began + 1e4, "it comes to no end"
        return self.now - began


def order(rows: int) -> Rows:
    return np.random.default_rng(0).permutation(rows).astype(np.intp)


@pytest.mark.parametrize("rows", [1, 7, 300])
def test_every_row_is_answered_once_and_in_chunks_that_shrink(rows: int) -> None:
    played = Played(Dealing(), [0.01, 0.01, 0.01])
    played.play(1, order(rows))
    assert sorted(np.concatenate(played.answers).tolist()) == list(range(rows))
    assert np.array_equal(np.concatenate([chunk for _, chunk in played.log]), order(rows))
    sizes = [chunk.size for _, chunk in played.log]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_nodes_get_rows_by_their_rates() -> None:
    played = Played(Dealing(), [0.01, 0.03])
    played.play(1, order(400))
    first = len(played.log)
    seconds = played.play(2, order(400))
    fast, slow = (sum(chunk.size for who, chunk in played.log[first:] if who == node) for node in (0, 1))
    assert fast + slow == 400
    assert fast == pytest.approx(3 * slow, rel=0.1)
    assert seconds == pytest.approx(400 * 0.01 * 0.03 / 0.04, rel=0.05)


def test_no_node_has_more_than_it_needs_to_go_on() -> None:
    dealing, workers = Dealing(), [Worker(threads=2) for _ in range(3)]
    dealing.begin(1, order(100))
    given: list[Worker] = []
    for name, (worker, rows) in enumerate(dealing.deal(workers, 0.0)):
        worker.calls[name] = dealing.call(rows, 0.0)
        assert rows.size % 2 == 0
        given.append(worker)
    assert [given.count(worker) for worker in workers] == [AHEAD] * 3
    assert list(dealing.deal(workers, 1.0)) == []


def test_rows_that_must_stay_together() -> None:
    played = Played(Dealing(granule=8), [0.01, 0.02])
    played.play(1, np.arange(50))
    chunks = [chunk for _, chunk in played.log]
    assert all(chunk[0] % 8 == 0 and (chunk.size % 8 == 0 or chunk[-1] == 49) for chunk in chunks)


def test_who_hangs_is_done_without() -> None:
    played = Played(Dealing(), [0.01, NEVER])
    seconds = played.play(1, order(100))
    assert sorted(np.unique(np.concatenate(played.answers)).tolist()) == list(range(100))
    assert seconds < 100 * 0.01 + 3 * LEAST_LATE
    hanging = played.workers[1]
    assert hanging.calls
    assert not played.dealing.hanging(hanging, played.now)
    assert played.dealing.hanging(hanging, played.now + SLOWEST)
    played.play(2, order(100))  # what it still has is of another evaluation, and no row waits for it
    assert sum(chunk.size for _, chunk in played.log) >= 200


def test_who_is_slow_all_at_once_is_helped_and_not_twice() -> None:
    played = Played(Dealing(), [0.01, 0.01])
    played.play(1, order(100))
    played.seconds[played.workers[1]] = 10.0
    begun = len(played.log)
    assert played.play(2, order(100)) < 10.0
    late = [chunk for who, chunk in played.log[begun:] if who == 1]
    again = np.concatenate([chunk for who, chunk in played.log[begun:] if who == 0])
    assert set(np.concatenate(late).tolist()) <= set(again.tolist())
    assert again.size == 100
    assert LATE > 1.0


def test_lost_rows_are_dealt_again_first() -> None:
    dealing, worker = Dealing(), Worker(threads=1)
    dealing.begin(3, order(40))
    chunks = []
    for name, (_, rows) in enumerate(dealing.deal([worker], 0.0)):
        worker.calls[name] = dealing.call(rows, 0.0)
        chunks.append(rows)
    assert dealing.answered(worker, worker.calls.pop(0), 0.1, 0.1)
    dealing.lost(worker.calls.pop(1))
    (_, following), *_ = dealing.deal([worker], 0.2)
    assert following[0] == chunks[1][0]
    dealing.begin(4, order(5))
    stale = dealing.call(chunks[0], 0.0)
    stale.number = 3
    dealing.lost(stale)
    assert not dealing.answered(worker, stale, 0.1, 1.0)
    assert dealing.missing == 5


def test_one_short_row_makes_no_node_fast() -> None:
    played = Played(Dealing(), [0.01] * 4)
    played.play(1, order(400))
    played.dealing.answered(played.workers[0], played.dealing.call(np.arange(1), 0.0), 1e-4, played.now)
    begun = len(played.log)
    played.play(2, order(400))
    assert max(chunk.size for _, chunk in played.log[begun:]) < 1.1 * 400 / 4 / (2 * AHEAD)


def test_of_too_many_nodes_some_get_nothing() -> None:
    """Each chunk costs the driver time, and it has but one answer to make it worth while: that it runs for long."""
    played = Played(Dealing(), [0.001] * 200)
    played.play(1, order(2000))
    begun = len(played.log)
    played.play(2, order(2000))
    chunks = [chunk for _, chunk in played.log[begun:]]
    assert len(chunks) < 100
    assert len(played.log[:begun]) > 200  # nothing was known


@pytest.mark.parametrize(("granule", "threads"), [(1, 1), (1, 16), (4, 3)])
def test_rows_lost_by_whom_they_are_late_with_and_by_who_helped(granule: int, threads: int) -> None:
    """No chunk has a row twice: each would count as two that are answered."""
    dealing, slow, helper = Dealing(granule), Worker(threads=threads), Worker(threads=threads)
    spare = Worker(threads=threads + 1)
    rows = threads * granule
    dealing.begin(1, order(rows))
    slow.calls[0] = dealing.call(next(chunk for _, chunk in dealing.deal([slow], 0.0)), 0.0)
    (_, again), *_ = dealing.deal([slow, helper], LATE + LEAST_LATE)
    helper.calls[0] = dealing.call(again, LATE)
    for worker in (slow, helper):
        dealing.lost(worker.calls.pop(0))
    for name, (_, chunk) in enumerate(dealing.deal([spare], 9.0)):
        assert np.unique(chunk).size == chunk.size
        spare.calls[name] = dealing.call(chunk, 9.0)
    for call in spare.calls.values():
        dealing.answered(spare, call, 0.1, 9.1)
    assert dealing.missing == 0


def test_losses_are_counted_until_there_is_an_answer() -> None:
    dealing, worker = Dealing(), Worker(threads=1)
    dealing.begin(1, order(3))
    losses = [dealing.lost(dealing.call(np.array(rows), 0.0)) for rows in ([0, 1], [1], [2], [1, 2])]
    assert losses == [1, 2, 1, 3]
    dealing.answered(worker, dealing.call(np.array([0]), 0.0), 0.1, 0.1)
    assert dealing.lost(dealing.call(np.array([0, 1]), 0.0)) == 1
    assert dealing.lost(dealing.call(np.array([0]), 0.0)) == 0
