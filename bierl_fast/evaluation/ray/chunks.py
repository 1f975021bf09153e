"""Which rows go where: chunks by measured rate, longest rows first; rows of slow or lost nodes are run elsewhere.

    Crew, Shared, order of rows -> Chunks.run -> gather(rows, Answer), ...

Guided self-scheduling: a node that asks gets a share of what is left that its rate would do in half of the time that
all would take, so chunks shrink towards the end, when it matters that all finish together. Who is idle then runs rows
that others have had too long once more; the first answer counts, and as rows give the same bits anywhere, which one
that is changes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.evaluation.ray.crew import Crew, Member
from bierl_fast.evaluation.ray.host import Answer, rows_of
from bierl_fast.messages import Population

AHEAD = 2  # chunks that a node has, so that it need not wait for the next one
LATE = 2.0  # times the expected seconds, after which others run a chunk too
LEAST_LATE = 0.5  # seconds
SLOWEST = 600.0  # seconds without an answer to a chunk that others have answered: the node is given up
SMOOTH = 0.5  # weight of the latest chunk in a node's rate

Rows = NDArray[np.intp]
Gather = Callable[[Rows, Answer], None]


@dataclass(slots=True, eq=False)
class _Call:
    """A chunk that a node has."""

    rows: Rows
    number: int  # of the evaluation
    since: float
    shadowed: bool = False  # others run it, too


class Chunks:
    """See the module; keeps the nodes' rates from one evaluation to the next."""

    def __init__(self, ray: Any, crew: Crew, granule: int = 1) -> None:
        """`granule`: rows that must stay together, from a multiple of it on; 1: none."""
        self._ray = ray
        self._crew = crew
        self._granule = granule
        self.sent = 0  # chunks, of all evaluations

    def run(self, number: int, shared: Any, population: Population, order: Rows, gather: Gather) -> None:
        """Have every row run; `shared` is a reference to what all chunks need.

        Raises:
            Exception: what a task or a node raises in the package's own words.
        """
        self._number, self._shared, self._population = number, shared, population
        self._left = order
        self._missing = np.ones(population.rows, np.bool_)
        while self._missing.any():
            self._hand_out(self._crew.ready())
            calls = {reference: member for member in self._crew.members.values() for reference in member.calls}
            done, _ = self._ray.wait(list(calls), timeout=0.2) if calls else ([], [])
            for reference in done:
                self._hear(calls[reference], reference, gather)
            self._crew.look()
            self._give_up_the_slowest()

    def _hand_out(self, members: list[Member]) -> None:
        known = [member.rate for member in members if member.rate]
        usual = sum(known) / len(known) if known else 1.0
        rates = {member.node: member.rate or usual * member.threads for member in members}
        for member in sorted(members, key=lambda each: -rates[each.node]):
            while len(member.calls) < AHEAD:
                rows = self._next(member, rates[member.node] / sum(rates.values()))
                if not rows.size:
                    break
                self._send(member, rows)

    def _next(self, member: Member, share: float) -> Rows:
        """The next rows for a node that does this share of all; none where there is nothing for it."""
        left = self._left.size
        if left:
            least = member.threads * self._granule
            count = max(least, math.ceil(left * share / (2 * AHEAD) / least) * least)
            rows: Rows = self._left[:count]
            self._left = self._left[count:]
            return rows
        return self._late(member) if not member.calls else self._left

    def _late(self, member: Member) -> Rows:
        """What another has had too long, and nobody else runs."""
        now = time.monotonic()
        for other in self._crew.members.values():
            for call in other.calls.values():
                rows = call.rows[self._missing[call.rows]] if call.number == self._number else call.rows[:0]
                expected = rows.size / other.rate if other.rate else 0.0
                late = now - call.since > max(LEAST_LATE, LATE * expected)
                if other is not member and rows.size and late and not call.shadowed:
                    call.shadowed = True
                    found: Rows = call.rows if self._granule > 1 else rows
                    return found
        return self._left

    def _send(self, member: Member, rows: Rows) -> None:
        reference = member.actor.run.remote(self._shared, rows_of(self._population, rows), rows.tolist())
        member.calls[reference] = _Call(rows, self._number, time.monotonic())
        self.sent += 1

    def _hear(self, member: Member, reference: Any, gather: Gather) -> None:
        call = member.calls.pop(reference)
        try:
            answer: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if call.number != self._number:
                return
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except self._ray.exceptions.RayError:  # the node, its process or the way to it is gone
            self._again(member)
            self._put_back(call)
            return
        rate = call.rows.size / max(answer.seconds, 1e-6)
        member.rate = SMOOTH * rate + (1 - SMOOTH) * (member.rate or rate)
        for waiting in member.calls.values():
            waiting.since = time.monotonic()  # it is at work on the next one only now
        if call.number == self._number and self._missing[call.rows].any():
            gather(call.rows, answer)
            self._missing[call.rows] = False

    def _again(self, member: Member) -> None:
        """Do without a node, and have its other chunks run elsewhere."""
        self._crew.lose(member)
        for call in member.calls.values():
            self._put_back(call)
        member.calls.clear()

    def _put_back(self, call: _Call) -> None:
        if call.number != self._number:
            return
        rows = call.rows if self._granule > 1 else call.rows[self._missing[call.rows]]
        if self._missing[rows].any():
            self._left = np.concatenate([rows, self._left])

    def _give_up_the_slowest(self) -> None:
        """A node that answers nothing for so long hangs; its rows are long done elsewhere."""
        now = time.monotonic()
        for member in list(self._crew.members.values()):
            if any(now - call.since > SLOWEST and call.shadowed for call in member.calls.values()):
                self._again(member)
