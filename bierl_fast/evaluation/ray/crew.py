"""One actor for each node: made when the node is there, compared with this process, left out when it is gone.

ray package, recipe -> Crew -> look -> [Member, ...] that are ready for rows
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from bierl_fast.by_value import ByValue
from bierl_fast.errors import RunWarning, WorkerError, one_line, warn
from bierl_fast.evaluation.ray.alike import NOT_INSTALLED, Alike, last_line
from bierl_fast.evaluation.ray.dealing import Worker
from bierl_fast.evaluation.ray.host import Host
from bierl_fast.logs import logger
from bierl_fast.machine import MOST_THREADS

LOOK_SECONDS = 1.0  # between looks for nodes that have come
AGAIN_SECONDS = 5.0  # before a node that lost its actor gets another
START_SECONDS = 600.0  # without any node that is ready: making a task may take long
TELL_SECONDS = 10.0  # of waiting, before it is said
GB = 1e9
STRIKES = 3  # actors that a node may lose before it could run a row
log = logger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Member(Worker):
    """A node's actor; its calls by the references to their answers."""

    node: str  # Ray's id
    address: str  # in words
    actor: Any
    hello: Any  # the reference to what it says of itself
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Unfit:
    """A node that cannot do it."""

    address: str
    why: Exception


class Crew:
    """See the module."""

    def __init__(
        self, ray: Any, recipe: ByValue, threads: int | None, what: str, parameters: int, reserve: bool
    ) -> None:
        """`what` is made on the nodes, for errors; `reserve`: with the CPUs for it, that nobody else gets."""
        self._ray = ray
        self._reserve = reserve
        self._recipe = ray.put(recipe)
        self._threads = threads
        self._what = what
        self._parameters = parameters
        self._able: set[str] = set()  # nodes that are there and offer CPUs
        self._unfit: dict[str, Unfit] = {}  # of those, the ones that cannot do it
        self._told: set[str] = set()  # why, of those
        self._alike = Alike()
        self._remote = ray.remote(Host)
        self._looked = -float("inf")
        self._not_before: dict[str, float] = {}  # node -> when it may get another actor
        self._strikes: dict[str, int] = {}
        self.members: dict[str, Member] = {}

    def ready(self) -> list[Member]:
        """Those that can take rows, waiting for the first one.

        A node that cannot do it is left out, with a warning; where none can, it is an error.

        Raises:
            WorkerError: no node is as this process, or has the memory.
            Exception: no node can make the task; what it raised on the first of them.
        """
        began = time.monotonic()
        told = began + TELL_SECONDS
        while True:
            self.look()
            if time.monotonic() >= told:
                told = float("inf")
                log.info("waiting for a node of the Ray cluster to be ready for %s: are its CPUs taken?", self._what)
            found = [member for member in self.members.values() if member.ready]
            if found:
                for unfit in self._unfit.values():
                    self._warn_of(unfit)
                return found
            if time.monotonic() - began > START_SECONDS:
                raise WorkerError(
                    f"no node of the Ray cluster became ready for {self._what} in {START_SECONDS:g} s; "
                    "see by `ray status` whether its CPUs are taken"
                )
            if self._unfit and not self._able - self._unfit.keys():
                raise next(iter(self._unfit.values())).why from None
            waiting = [member.hello for member in self.members.values()]
            if waiting:
                self._ray.wait(waiting, timeout=0.2)
            else:
                time.sleep(0.2)

    def _warn_of(self, unfit: Unfit) -> None:
        """Once; of many nodes with the same reason, of one."""
        why = one_line(unfit.why)
        reason = why.replace(unfit.address, "")
        if reason not in self._told:
            self._told.add(reason)
            where = "" if unfit.address in why else f"the node {unfit.address}: "
            warn(f"left out: {where}{why}", RunWarning)

    def look(self) -> None:
        """Give new nodes an actor, and hear what those say that have just come up."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
            self._able = {name for name, node in alive.items() if int(node["Resources"].get("CPU", 0))}
            self._unfit = {name: unfit for name, unfit in self._unfit.items() if name in self._able}
            for gone in self.members.keys() - alive.keys():
                self.lose(self.members[gone])
            for name in self._able - self.members.keys() - self._unfit.keys():
                if time.monotonic() >= self._not_before.get(name, 0.0):
                    self._add(name, alive[name])
        coming = {member.hello: member for member in self.members.values() if not member.ready}
        done, _ = self._ray.wait(list(coming), num_returns=len(coming), timeout=0) if coming else ([], [])
        for reference in done:
            self._hear(coming[reference])

    def _add(self, name: str, node: dict[str, Any]) -> None:
        offered = int(node["Resources"]["CPU"])
        threads = min(self._threads or offered, MOST_THREADS)
        if too_small := self._too_small(node, threads):
            self._unfit[name] = Unfit(str(node["NodeManagerAddress"]), WorkerError(too_small))
            return
        scheduling = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node_id=name, soft=False)
        cpus = min(threads, offered) if self._reserve else 0
        options = {"num_cpus": cpus, "scheduling_strategy": scheduling, "max_concurrency": 1}
        actor = self._remote.options(**options).remote(self._recipe, threads)
        self.members[name] = Member(
            node=name,
            address=str(node["NodeManagerAddress"]),
            threads=threads,
            actor=actor,
            hello=actor.facts.remote(),
        )

    def _too_small(self, node: dict[str, Any], threads: int) -> str:
        """How a node has not the memory for the parameters of so many actors; nothing: it has."""
        needed, has = 4 * self._parameters * (threads + 1), node["Resources"].get("memory", math.inf)
        if needed <= has:
            return ""
        return (
            f"the node {node['NodeManagerAddress']} offers {has / GB:.3g} GB of memory, and {self._what} takes "
            f"{needed / GB:.3g} GB there: {self._parameters:,} parameters, once for each of {threads} threads and "
            "once for all; lower ray_threads, or take a smaller policy"
        )

    def _hear(self, member: Member) -> None:
        try:
            theirs = self._ray.get(member.hello)
        except Exception as error:
            self._not_made(member, error)
            return
        try:
            self._alike.require(member.address, theirs)
        except WorkerError as error:
            self._leave_out(member, error)
        else:
            member.ready = True

    def _not_made(self, member: Member, error: Exception) -> None:
        """An actor did not come up: by what the task raised there, or because its process died."""
        cause = getattr(error, "cause", None)
        if isinstance(cause, Exception):
            self._leave_out(member, cause)
            return
        self._strikes[member.node] = self._strikes.get(member.node, 0) + 1
        if NOT_INSTALLED in str(error) or self._strikes[member.node] >= STRIKES:
            why = WorkerError(f"the node {member.address} cannot make {self._what}: {last_line(error)}")
            why.__cause__ = error
            self._leave_out(member, why)
        else:
            self.lose(member)

    def _leave_out(self, member: Member, why: Exception) -> None:
        """Do without a node for good: others may do, those that come later too."""
        self.lose(member)
        self._unfit[member.node] = Unfit(member.address, why)

    def lose(self, member: Member) -> None:
        """Do without an actor; its node may get another one later."""
        if self.members.get(member.node) is member:
            del self.members[member.node]
            self._not_before[member.node] = time.monotonic() + AGAIN_SECONDS
        self._ray.kill(member.actor)

    def close(self) -> None:
        """End the actors."""
        for member in list(self.members.values()):
            self.lose(member)
