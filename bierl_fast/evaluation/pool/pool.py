"""Worker processes that hold an environment each: started, looked after, replaced, ended.

EnvMaker, PoolSettings -> Pool -> Interface       then a Job from whoever made a policy for it -> assign_policy
"""

from __future__ import annotations

import os
import time
import weakref
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any, TypeVar

from bierl_fast.errors import ArgumentError, EpisodeWarning, TaskError, WorkerError, warn
from bierl_fast.evaluation.environment.maker import EnvMaker
from bierl_fast.evaluation.environment.spaces import Interface
from bierl_fast.evaluation.pool import worker as this_process
from bierl_fast.evaluation.pool.lifeline import Lifeline
from bierl_fast.evaluation.pool.messages import Descriptor, Job, PolicyReady, Probing, Ready, Start, StartFailed
from bierl_fast.evaluation.pool.process import WorkerProcess, end_all, packed
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.pool.shared_block import Block, Place, SharedFile
from bierl_fast.machine import MOST_THREADS, available_bytes, available_cores

EAGER_WORKERS = 8  # that start before it is known how many rows an evaluation has
START_SECONDS = 120.0  # a worker that says nothing for so long will not start
MARGIN_SECONDS = 5.0  # beyond episode_timeout, for one that tries the environment out and makes it anew now and then
DEATHS = 3  # of workers for the same reason, after which it is not tried again
Answer = TypeVar("Answer", Ready, PolicyReady)


class Pool:
    """Worker processes that hold one environment each; knows nothing of policies until `assign_policy`.

    The first worker is asked about the environment, and what it needs of memory, with its policy as without, is
    multiplied out before the others start.
    """

    def __init__(self, maker: EnvMaker, settings: PoolSettings, descriptor: Descriptor | None = None) -> None:
        """Start the first worker and hear what it says of the environment; the others start with `assign_policy`.

        Raises:
            ArgumentError: the environment cannot be made or used, or so many workers do not fit into memory.
            WorkerError: a worker broke while it started, or this is a worker itself.
        """
        if this_process.running:
            raise WorkerError(
                "a worker process was about to start workers of its own: it imports the script that defines its "
                "environment's factory, and that script starts training when imported; put what starts under `if "
                '__name__ == "__main__":`, or the factory into a module of its own'
            )
        self._process = os.getpid()
        self._count = available_cores() if settings.workers is None else settings.workers
        self._maker = maker
        self._episode_timeout = settings.episode_timeout
        self._job: Place | None = None
        self._proven = False  # whether one worker has been ready, so that others can be
        self._unused_deaths = 0  # workers in a row that died unused
        self._lost_probe: str | None = None  # how a worker was lost that tried an episode out
        self.block = Block()
        self._pickled = SharedFile()
        self._lifeline = Lifeline()
        self.workers: list[WorkerProcess] = []
        shared = (self.block, self._pickled, self._lifeline)
        self._files = tuple(file.fileno for file in shared)
        self._finalizer = weakref.finalize(self, _shut_down, self._process, self.workers, shared)
        try:
            first = Start(
                replace(maker, flatten=settings.flatten_observation),
                settings,
                descriptor,
                probe=True,
            )
            what = f"task {maker.task}" + (" with its behavior function" if descriptor is not None else "")
            self.ready = self._probed(first, what)
            self._proven = True
            self._require_memory(self.ready.private_bytes)
            self.fresh = self.ready.fresh
            self._start = self._pickled.append(packed(replace(first, probe=False), what))
        except BaseException:
            self.close()
            raise

    @property
    def interface(self) -> Interface:
        """What the environment looks like."""
        return self.ready.interface

    def _probed(self, first: Start, what: str) -> Ready:
        """What the first worker says of the environment.

        An episode may end its process or never come back; where it does so while it is tried out, every episode gets a
        new environment, and what fails then is for `on_failure`.
        """
        self._start = self._pickled.append(packed(first, what))
        try:
            return self._answer(self._add(), Ready)
        except WorkerError:
            if self._lost_probe is None:
                raise
            end_all(self.workers)
            warn(
                f"task {self._maker.task}: while an episode was tried out, {self._lost_probe}; so every episode gets "
                "a new environment (give fresh_env, always or never, to try nothing out)",
                EpisodeWarning,
            )
        always = replace(first.settings, fresh_env="always")
        self._start = self._pickled.append(packed(replace(first, settings=always), what))
        return self._answer(self._add(), Ready)

    def _add(self) -> WorkerProcess:
        if self.closed:  # by another thread, while this one evaluates
            raise WorkerError("this evaluator is closed; make another")
        worker = WorkerProcess(self._start, self._files)
        if self._job is not None:
            worker.send(self._job)
        self.workers.append(worker)
        return worker

    def _answer(self, worker: WorkerProcess, kind: type[Answer]) -> Answer:
        """What a worker says of a kind, whatever it says before."""
        while wait([worker.connection], self._silence_limit(worker)):
            try:
                messages = self.receive(worker)
            except EOFError:
                worker = self.replace(worker)
                continue
            for message in messages:
                if isinstance(message, kind):
                    return message
        raise self._no_start(worker, f"it said nothing for {self._silence_limit(worker):g} seconds")

    def _silence_limit(self, worker: WorkerProcess) -> float:
        """Seconds that a worker may be silent while it starts."""
        timeout = self._episode_timeout
        return START_SECONDS if timeout is None or not worker.probing else min(START_SECONDS, timeout + MARGIN_SECONDS)

    def receive(self, worker: WorkerProcess) -> list[Any]:
        """A worker's messages.

        Raises:
            EOFError: it is gone, and another may do: it had been ready, or something killed it while it started.
            ArgumentError, WorkerError: it cannot start, and this is why.
        """
        try:
            messages = worker.receive()
        except EOFError:
            how = worker.died()
            if worker.ready or (self._proven and worker.killed):
                raise
            raise self._no_start(worker, f"its process ended with {how}") from None
        for message in messages:
            if isinstance(message, StartFailed):
                raise TaskError(message.text) if message.refused else WorkerError(message.text)
            if isinstance(message, Probing | Ready):
                worker.probing = isinstance(message, Probing)
            if isinstance(message, Ready):
                worker.ready = True
            if isinstance(message, PolicyReady):
                worker.has_policy = True
        if not worker.has_policy and time.monotonic() - worker.last_heard > START_SECONDS:
            raise self._no_start(worker, f"it said nothing for {START_SECONDS:g} seconds")
        return messages

    def _no_start(self, worker: WorkerProcess, why: str) -> WorkerError:
        if worker.probing:
            self._lost_probe = why
        return WorkerError(f"a worker process for task {self._maker.task} cannot start: {why}")

    def _require_memory(self, each: int) -> None:
        room = available_bytes()
        fitting = self._count if room is None or each == 0 else 1 + room // each
        if fitting < self._count:
            raise ArgumentError(
                f"{self._count} workers of about {each / 2**20:.0f} MB each do not fit into the "
                f"{(room or 0) / 2**20:.0f} MB of memory that are free; take at most {fitting} (--workers {fitting})"
            )

    def assign_policy(self, job: Job) -> None:
        """Give the workers their policy: first the one that is there, then the missing ones, which start.

        As many as there are cores, or EAGER_WORKERS; more as soon as an evaluation has rows for so many.

        Raises:
            ArgumentError: the policy cannot be sent or read, or so many workers that hold it do not fit into memory.
            WorkerError: a worker broke at it.
        """
        what = "the TorchPolicy's module" if job.module is not None else f"task {self._maker.task}"
        self._job = self._pickled.append(packed(job, what))
        first = self.workers[0]
        first.send(self._job)
        self._require_memory(self._answer(first, PolicyReady).private_bytes)
        self.fill(max(available_cores(), EAGER_WORKERS))

    def fill(self, most: int = MOST_THREADS) -> None:
        """Start workers until there are as many as wanted, or `most`, and hear those that are starting.

        Raises:
            ArgumentError, WorkerError: one cannot start, and this is why; or the pool is closed.
        """
        if os.getpid() != self._process:
            raise WorkerError("worker processes belong to the process that started them; make an evaluator after fork")
        if self.closed:
            raise WorkerError("this evaluator is closed; make another")
        for worker in [worker for worker in self.workers if not worker.has_policy]:
            try:
                self.receive(worker)
            except EOFError:
                self.replace(worker)
        while len(self.workers) < min(self._count, most):
            self._add()

    def replace(self, worker: WorkerProcess) -> WorkerProcess:
        """A new worker in the place of one that is gone.

        Raises:
            WorkerError: several in a row were gone before they had run anything.
        """
        self.workers.remove(worker)
        self._unused_deaths = 0 if worker.used else self._unused_deaths + 1
        if self._unused_deaths >= DEATHS:
            raise WorkerError(
                f"{DEATHS} worker processes in a row for task {self._maker.task} died before they had run an episode, "
                f"the last one of {worker.died()}"
            )
        return self._add()

    def drop_busy(self) -> None:
        """End the workers that are at work or not yet ready; `fill` starts new ones."""
        busy = [worker for worker in self.workers if worker.rows or not worker.has_policy]
        for worker in busy:
            worker.kill()
            self.workers.remove(worker)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return not self._finalizer.alive

    def close(self) -> None:
        """End every worker and free the block. Twice is fine."""
        self._finalizer()


def _shut_down(process: int, workers: list[WorkerProcess], shared: tuple[Block, SharedFile, Lifeline]) -> None:
    if os.getpid() == process:  # a fork of it has copies, and no say
        end_all(workers)
        for file in shared:
            file.close()
