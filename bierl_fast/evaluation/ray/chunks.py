"""Rows on their way: sent as they are dealt, heard as they come in; those of lost nodes are run elsewhere.

Crew, Shared, order of rows -> Chunks.run -> gather(rows, Answer), ...
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bierl_fast.errors import WorkerError
from bierl_fast.evaluation.ray.alike import last_line
from bierl_fast.evaluation.ray.crew import Crew, Member
from bierl_fast.evaluation.ray.dealing import LOSSES, Dealing, Rows
from bierl_fast.evaluation.ray.host import Answer, rows_of
from bierl_fast.messages import Population

Gather = Callable[[Rows, Answer], None]


class Chunks:
    """See the module; keeps the nodes' rates from one evaluation to the next."""

    def __init__(self, ray: Any, crew: Crew, granule: int = 1) -> None:
        """`granule`: as Dealing takes it."""
        self._ray = ray
        self._crew = crew
        self._dealing = Dealing(granule)
        self._busy: dict[Member, None] = {}  # whoever has had chunks and was not lost
        self.sent = 0  # chunks, of all evaluations

    def run(self, number: int, shared: Any, population: Population, order: Rows, gather: Gather) -> None:
        """Have every row run; `shared` is a reference to what all chunks need.

        Raises:
            Exception: what a task or a node raises in the package's own words.
        """
        self._dealing.begin(number, order)
        while self._dealing.missing:
            for member, rows in self._dealing.deal(self._crew.ready(), time.monotonic()):
                self._busy[member] = None
                reference = member.actor.run.remote(shared, rows_of(population, rows), rows)
                member.calls[reference] = self._dealing.call(rows, time.monotonic())
                self.sent += 1
            self._listen(gather)
            self._crew.look()
            for member in list(self._busy):
                if self._crew.members.get(member.node) is not member:  # found gone, or unfit, by a look
                    self._forget(member, f"the node {member.address} is gone")
                elif self._dealing.hanging(member, time.monotonic()):
                    self._crew.lose(member)
                    self._forget(member, f"the node {member.address} did not answer")

    def _listen(self, gather: Gather) -> None:
        """Hear all that have answered, once there is one."""
        calls = {reference: member for member in self._busy for reference in member.calls}
        if not calls:
            return
        self._ray.wait(list(calls), timeout=0.2)
        done, _ = self._ray.wait(list(calls), num_returns=len(calls), timeout=0)
        for reference in done:
            if reference in calls[reference].calls:  # else its node was found lost just now
                self._hear(calls[reference], reference, gather)

    def _hear(self, member: Member, reference: Any, gather: Gather) -> None:
        call = member.calls.pop(reference)
        try:
            answer: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if self._dealing.is_present(call):
                raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except self._ray.exceptions.RayError as error:  # the node, its process or the way to it is gone
            self._crew.lose(member)
            member.calls[reference] = call
            self._forget(member, last_line(error))
        else:
            if self._dealing.answered(member, call, answer.seconds, time.monotonic()):
                gather(call.rows, answer)

    def _forget(self, member: Member, why: str) -> None:
        """Have the chunks of a node that is lost run elsewhere.

        Raises:
            WorkerError: wherever they run, the node is lost.
        """
        del self._busy[member]
        for call in member.calls.values():
            if self._dealing.lost(call) >= LOSSES:
                raise WorkerError(
                    f"what ran {_in_words(call.rows)} was lost {LOSSES} times before any row was answered; see "
                    f"that the task does not end its process, and that there is the memory for it: {why}"
                )
        member.calls.clear()


def _in_words(rows: Rows) -> str:
    return f"row {rows[0]}" if rows.size == 1 else f"{rows.size} rows between {rows.min()} and {rows.max()}"
