"""One actor for each node: made when the node is there, compared with this process, left out when it is gone.

ray package, recipe -> Crew -> look -> [Member, ...] that are ready for rows
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from bierl_fast.by_value import ByValue
from bierl_fast.errors import RunWarning, WorkerError, warn
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
        self._too_small: dict[str, str] = {}  # nodes without the memory for it -> why
        self._told: set[str] = set()  # of those
        self._alike = Alike()
        self._remote = ray.remote(Host)
        self._looked = -float("inf")
        self._not_before: dict[str, float] = {}  # node -> when it may get another actor
        self._strikes: dict[str, int] = {}
        self.members: dict[str, Member] = {}

    def ready(self) -> list[Member]:
        """Those that can take rows, waiting for the first one.

        Raises:
            WorkerError: no node can make the task, or is as this process; in the node's own words.
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
                self._warn_of_small()
                return found
            if time.monotonic() - began > START_SECONDS:
                raise WorkerError(
                    f"no node of the Ray cluster became ready for {self._what} in {START_SECONDS:g} s; "
                    "see by `ray status` whether its CPUs are taken"
                )
            if self._too_small and not self.members:
                raise WorkerError(next(iter(self._too_small.values())))
            waiting = [member.hello for member in self.members.values()]
            if waiting:
                self._ray.wait(waiting, timeout=0.2)
            else:
                time.sleep(0.2)

    def _warn_of_small(self) -> None:
        for name in self._too_small.keys() - self._told:
            self._told.add(name)
            warn(f"left out: {self._too_small[name]}", RunWarning)

    def look(self) -> None:
        """Give new nodes an actor, and hear what those say that have just come up."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
            for gone in self.members.keys() - alive.keys():
                self.lose(self.members[gone])
            for name, node in alive.items():
                if name not in self.members and time.monotonic() >= self._not_before.get(name, 0.0):
                    self._add(name, node)
            self._too_small = {name: why for name, why in self._too_small.items() if name in alive}
        coming = {member.hello: member for member in self.members.values() if not member.ready}
        done, _ = self._ray.wait(list(coming), num_returns=len(coming), timeout=0) if coming else ([], [])
        for reference in done:
            self._hear(coming[reference])

    def _add(self, name: str, node: dict[str, Any]) -> None:
        offered = int(node["Resources"].get("CPU", 0))
        if not offered:
            return
        threads = min(self._threads or offered, MOST_THREADS)
        if self._is_too_small(name, node, threads):
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

    def _is_too_small(self, name: str, node: dict[str, Any], threads: int) -> bool:
        """Whether a node has not the memory for the parameters of so many actors; it is told once."""
        needed, has = 4 * self._parameters * (threads + 1), node["Resources"].get("memory", math.inf)
        if needed <= has:
            return False
        self._too_small[name] = (
            f"the node {node['NodeManagerAddress']} offers {has / GB:.3g} GB of memory, and {self._what} takes "
            f"{needed / GB:.3g} GB there: {self._parameters:,} parameters, once for each of {threads} threads and "
            "once for all; lower ray_threads, or take a smaller policy"
        )
        return True

    def _hear(self, member: Member) -> None:
        try:
            theirs = self._ray.get(member.hello)
        except Exception as error:
            self._not_made(member, error)
            return
        try:
            self._alike.require(member.address, theirs)
        except WorkerError:
            self.lose(member)
            raise
        member.ready = True

    def _not_made(self, member: Member, error: Exception) -> None:
        """An actor did not come up: by what the task raised, which all nodes would; or because its process died."""
        cause = getattr(error, "cause", None)
        self.lose(member)
        if isinstance(cause, Exception):
            raise cause from None
        self._strikes[member.node] = self._strikes.get(member.node, 0) + 1
        if NOT_INSTALLED in str(error) or self._strikes[member.node] >= STRIKES:
            raise WorkerError(f"the node {member.address} cannot make {self._what}: {last_line(error)}") from error

    def lose(self, member: Member) -> None:
        """Do without an actor; its node may get another one later."""
        self.members.pop(member.node, None)
        self._not_before[member.node] = time.monotonic() + AGAIN_SECONDS
        self._ray.kill(member.actor)

    def close(self) -> None:
        """End the actors."""
        for member in list(self.members.values()):
            self.lose(member)
