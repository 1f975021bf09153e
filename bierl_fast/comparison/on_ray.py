"""Runs on the nodes of a Ray cluster, each as a task of Ray's that takes one CPU.

    RunJob -> OnRay.start -> RemoteRun -> Keeper, on a node -> the process that it would be here

A keeper holds the very process that a run is on one machine, hears it and hands on what it says. Where the keeper goes,
with its node or with whoever started the runs, it lets go of the process, which saves itself and ends. Runs are files:
every node must see the comparison's directory, and the one that the command works in, under the same path.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import connection
from pathlib import Path
from typing import Any, TypeVar

from bierl_fast.comparison.harness import INTERRUPTED
from bierl_fast.comparison.processes import HeldProcess
from bierl_fast.comparison.run_job import Begun, RunJob
from bierl_fast.errors import WorkerError
from bierl_fast.evaluation.ray import session
from bierl_fast.evaluation.ray.alike import NOT_INSTALLED, Alike, last_line
from bierl_fast.evaluation.ray.host import facts
from bierl_fast.machine import available_cores

SILENT = 10.0  # seconds after which a keeper says that its run has said nothing
GATHERED = 0.5  # seconds in which it gathers messages: a driver hears hundreds of runs
T = TypeVar("T")
LOOK_SECONDS = 1.0  # between looks at how many CPUs there are


def here() -> str:
    """The directory that names of files are relative to, for this process and for its runs."""
    return os.getcwd()


class Keeper:
    """On a node: holds one run's process."""

    def __init__(self) -> None:
        self._begun = threading.Event()

    def facts(self) -> dict[str, Any]:
        """What is installed here, and the node's name."""
        return {**facts(), "node": platform.node()}

    def start(self, job: dict[str, Any], worker: str, log: str, folder: str) -> bytes:
        """Begin the run; nothing is said so far.

        Raises:
            WorkerError: this node does not see the run's directory.
        """
        for path in (folder, os.path.join(folder, job["planned"])):
            if not os.path.exists(path):
                raise WorkerError(
                    f"the node {platform.node()} does not see {path}; runs on a cluster need a file system that every "
                    "node has under the same path, for --out and for the directory that the command is given in"
                )
        self._held = HeldProcess(job, worker, Path(folder, log), folder)
        self._begun.set()
        return b""

    def hear(self) -> bytes | int:
        """What the process has said since, which may be nothing; its exit code, once it has ended."""
        said = b""
        until = time.monotonic() + SILENT
        while (left := until - time.monotonic()) > 0.0 and connection.wait([self._held.fileno()], left):
            data = self._held.read()
            if not data:
                return said or self._held.exit_code()
            if not said:
                until = time.monotonic() + GATHERED
            said += data
        return said

    def ask(self, what: str) -> None:
        """See Begun."""
        self._begun.wait()  # calls are taken up in their order, each by a thread
        self._held.ask(what)

    def let_go(self) -> None:
        """See Begun."""
        self._begun.wait()
        self._held.let_go()


class RemoteRun(Begun):
    """A run on some node."""

    def __init__(self, place: OnRay, task: RunJob) -> None:
        super().__init__(task)
        self._order = (task.begin(), task.worker, str(task.log), here())
        self._place = place
        self._code: int | None = None
        self._begun = False  # else it waits for a CPU
        self._freed = False
        self._asked: deque[str] = deque()
        place.whole(self._called)

    def _called(self) -> None:
        self._keeper = self._place.keeper.remote()
        self.following = self._keeper.facts.remote()  # a reference to what is heard next

    def hear(self) -> bool:
        """See Begun.

        Raises:
            WorkerError: a node is not fit for runs, so the cluster is not.
        """
        if not self._over:
            self._place.whole(self._hear)
        return not self._over

    def _hear(self) -> None:
        ray = self._place.ray
        try:
            said = ray.get(self.following)
        except ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except ray.exceptions.RayError as error:
            if NOT_INSTALLED in str(error):
                raise WorkerError(f"a node of the Ray cluster cannot do runs: {last_line(error)}") from error
            self.lost = True
            return
        if isinstance(said, int):
            self._code = said
            self.lost = said == INTERRUPTED and not self._freed  # told so on its node, which is about to go
            return
        if isinstance(said, dict):
            self._place.alike.require(said["node"], said)
            self._begun = True
            self.following, said = self._keeper.start.remote(*self._order), b""
        else:
            self.following = self._keeper.hear.remote()
        self.take(said)

    @property
    def _over(self) -> bool:
        return self.lost or self._code is not None

    def ask(self, what: str) -> None:
        """See Begun. It is sent when its place is next asked who speaks: this may come in a signal handler."""
        self._asked.append(what)

    def send(self) -> None:
        """Send what was asked."""
        while self._asked and not self._over:
            what = self._asked.popleft()
            if self._begun:
                self._keeper.ask.remote(what)
            elif what == "stop":
                self._place.ray.kill(self._keeper)

    def let_go(self) -> None:
        """See Begun."""
        self._freed = True
        self._place.whole(self._let_go)

    def _let_go(self) -> None:
        if self._begun:
            self._keeper.let_go.remote()
        else:
            self._place.ray.kill(self._keeper)

    def wait(self, seconds: float) -> bool:
        """See Begun."""
        until = time.monotonic() + seconds
        while not self._over:
            left = max(0.0, until - time.monotonic())
            if self._place.speaking([self], min(left, LOOK_SECONDS)):
                self.hear()
            elif left == 0.0:
                return False
        return True

    def kill(self) -> None:
        """See Begun."""
        self._place.whole(lambda: self._place.ray.kill(self._keeper))

    def _exit_code(self) -> int:
        self.kill()
        return self._code or 0


class OnRay:
    """So many of them at a time, by default as many as the cluster has CPUs. See Place."""

    def __init__(self, address: str, jobs: int | None) -> None:
        """`address`: as session.joined takes it."""
        self.ray, _ = session.joined(address, jobs or available_cores(), "doing runs on a cluster")
        options = {"num_cpus": 1, "max_concurrency": 2, "scheduling_strategy": "SPREAD"}  # one hears, one asks
        self.keeper = self.ray.remote(Keeper).options(**options)
        self.alike = Alike()
        self._jobs = jobs
        self._cpus = 1
        self._looked = -float("inf")
        self._calls = ThreadPoolExecutor(1, "ray")

    def whole(self, act: Callable[[], T]) -> T:
        """What a call of Ray's comes to. Another thread makes them all, so that no signal breaks one off."""
        return self._calls.submit(act).result()

    @property
    def room(self) -> int:
        """See Place."""
        if self._jobs is None and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            self._cpus = max(1, int(self.whole(self.ray.cluster_resources).get("CPU", 1)))
        return self._jobs or self._cpus

    def start(self, task: RunJob) -> RemoteRun:
        """See Place."""
        return RemoteRun(self, task)

    def speaking(self, runs: Sequence[RemoteRun], seconds: float) -> Sequence[RemoteRun]:
        """See Place."""
        if not runs:
            time.sleep(seconds)
            return []
        return self.whole(lambda: self._speaking(runs, seconds))

    def _speaking(self, runs: Sequence[RemoteRun], seconds: float) -> Sequence[RemoteRun]:
        for run in runs:
            run.send()
        following = {run.following: run for run in runs}
        self.ray.wait(list(following), timeout=seconds)
        done, _ = self.ray.wait(list(following), num_returns=len(following), timeout=0.0)
        return [following[reference] for reference in done]

    def close(self) -> None:
        """See Place."""
        self._calls.shutdown()
        session.left(self.ray)
