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
from bierl_fast.evaluation.environment.probe import Findings
from bierl_fast.evaluation.environment.spaces import Interface
from bierl_fast.evaluation.pool import worker as this_process
from bierl_fast.evaluation.pool.lifeline import Lifeline
from bierl_fast.evaluation.pool.messages import Descriptor, Found, Job, PolicyReady, Ready, Start, StartFailed
from bierl_fast.evaluation.pool.process import WorkerProcess, end_all, packed
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.evaluation.pool.shared_block import Block, Place, SharedFile
from bierl_fast.logs import logger
from bierl_fast.machine import MOST_THREADS, available_bytes, available_cores

EAGER_WORKERS = 8  # that start before it is known how many rows an evaluation has
START_SECONDS = 600.0  # a worker that says nothing for so long will not start; making an environment may take long
MARGIN_SECONDS = 5.0  # beyond episode_timeout, for one that tries the environment out and makes it anew now and then
DEATHS = 3  # of workers for the same reason, after which it is not tried again
TELL_AFTER, TELL_EVERY = 5.0, 5.0  # seconds of a start that is waited for, until and between the lines that say so
Answer = TypeVar("Answer", Ready, PolicyReady)
log = logger(__name__)


class _Lost(WorkerError):  # noqa: N818 - a way to go on, no error of anybody's
    """A worker that was lost while it tried the environment out: another goes on with what it had found."""


class Pool:
    """Worker processes that hold one environment each; knows nothing of policies until `assign_policy`.

    The first worker is asked about the environment, and what it needs of memory, with its policy as without, is
    multiplied out before the others start.
    """

    def __init__(
        self,
        maker: EnvMaker,
        settings: PoolSettings,
        descriptor: Descriptor | None = None,
        episode_cap: int | None = None,
    ) -> None:
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
        self._settings = settings
        self._job: Place | None = None
        self._proven = False  # whether one worker has been ready, so that others can be
        self._unused_deaths = 0  # workers in a row that died unused
        self._findings = Findings()
        self._told = False  # whether it was said that closing environments takes too long
        self.block = Block()
        self._pickled = SharedFile()
        self._lifeline = Lifeline()
        self.workers: list[WorkerProcess] = []
        shared = (self.block, self._pickled, self._lifeline)
        self._files = tuple(file.fileno for file in shared)
        self._finalizer = weakref.finalize(
            self, _shut_down, self._process, self.workers, shared, settings.close_timeout
        )
        try:
            first = Start(
                replace(maker, flatten=settings.flatten_observation), settings, descriptor, self._findings, episode_cap
            )
            what = f"task {maker.task}" + (" with its behavior function" if descriptor is not None else "")
            self.ready = self._tried_out(first, what)
            self._proven = True
            self._require_memory(self.ready.private_bytes)
            self._start = self._pickled.append(packed(replace(first, findings=None), what))
        except BaseException:
            self.close()
            raise

    @property
    def interface(self) -> Interface:
        """What the environment looks like."""
        return self.ready.interface

    @property
    def findings(self) -> Findings:
        """What was found out about the environment."""
        return self.ready.findings

    def _tried_out(self, first: Start, what: str) -> Ready:
        """What the first worker finds out about the environment, and where it is lost, the next one.

        An episode may end its process or never come back, and so may a close. Where nothing comes of a question, the
        safe answer is taken, and what fails then is for `on_failure`.
        """
        closes = 0
        while True:
            self._start = self._pickled.append(packed(replace(first, findings=self._findings), what))
            try:
                ready = self._answer(self._add(), Ready)
                break
            except _Lost as lost:
                (worker,) = self.workers
                closes += worker.closing is not None
                if worker.question is not None and (worker.closing is None or closes > DEATHS):
                    self._findings = self._findings.without_an_answer(worker.question, str(lost))
                end_all(self.workers, 0.0)
        if ready.findings.given_up is not None:
            warn(
                f"task {self._maker.task}: while an episode was tried out, {ready.findings.given_up}; so every episode "
                "gets a new environment (give fresh_env, always or never, to try nothing out)",
                EpisodeWarning,
            )
        return ready

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
        began = told = time.monotonic()
        while True:
            limit = self._silence_limit(worker)
            wait([worker.connection], min(limit, 1.0))
            try:
                messages = self.receive(worker)
            except EOFError:
                worker = self.replace(worker)
                continue
            for message in messages:
                if isinstance(message, kind):
                    return message
            if worker.closes_too_long(self._settings.close_timeout):
                self.end_late_close(worker)
                raise self._no_start(worker, "its environment did not close")
            if not messages and time.monotonic() - worker.last_heard > limit:
                raise self._no_start(worker, f"it said nothing for {limit:g} seconds")
            told = self._tell(worker, began, told)

    def _tell(self, worker: WorkerProcess, began: float, told: float) -> float:
        """Say what a start waits for, now and then; when that was said last."""
        now = time.monotonic()
        if now - began < TELL_AFTER or now - told < (TELL_EVERY if told > began else 0.0):
            return told
        log.info("task %s, before the run: %s, %.0f s so far", self._maker.task, worker.doing, now - began)
        return now

    def _silence_limit(self, worker: WorkerProcess) -> float:
        """Seconds that a worker may be silent while it starts."""
        timeout = self._settings.episode_timeout
        if worker.closing is not None:
            return self._settings.close_timeout + MARGIN_SECONDS
        if timeout is None or worker.question is None:
            return START_SECONDS
        return min(START_SECONDS, timeout + MARGIN_SECONDS)

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
            raise self._no_start(worker, f"its process {how}") from None
        for message in messages:
            if isinstance(message, StartFailed):
                raise self._failed(message)
            if isinstance(message, Found):
                self._findings = message.findings
        if not worker.has_policy and time.monotonic() - worker.last_heard > START_SECONDS:
            raise self._no_start(worker, f"it said nothing for {START_SECONDS:g} seconds")
        return messages

    def _failed(self, message: StartFailed) -> ArgumentError | WorkerError:
        alone = ""
        if self._proven and self._count > 1:
            alone = (
                "; the first worker could: where only one process at a time may have such an environment open (a port, "
                "a licence), take workers = 1"
            )
        return (TaskError if message.refused else WorkerError)(message.text + alone)

    def _no_start(self, worker: WorkerProcess, why: str) -> WorkerError:
        if worker.question is not None or worker.closing is not None:
            return _Lost(why) if not self._proven else WorkerError(why)
        return WorkerError(f"a worker process for task {self._maker.task} cannot start: {why}")

    def end_late_close(self, worker: WorkerProcess) -> None:
        """End a worker whose environment takes too long to close, and say so once."""
        worker.kill()
        if not self._told:
            self._told = True
            warn(
                f"task {self._maker.task}: an environment took more than close_timeout = "
                f"{self._settings.close_timeout:g} seconds to close; its process was ended, and the run goes on",
                EpisodeWarning,
            )

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
                f"{DEATHS} worker processes in a row for task {self._maker.task} died before they had run an episode; "
                f"the last one {worker.died()}"
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


def _shut_down(
    process: int, workers: list[WorkerProcess], shared: tuple[Block, SharedFile, Lifeline], close_seconds: float
) -> None:
    if os.getpid() == process:  # a fork of it has copies, and no say
        end_all(workers, close_seconds)
        for file in shared:
            file.close()
