"""Episodes of any Gymnasium environment, in worker processes.

    Population -> shared block; rows -> workers: parameters, reset, episode -> shared block -> EvaluationBatch

Only row numbers and their completion travel; the noise is made in the worker from its address. Row i of every output
answers row i of the population, whatever the number of workers, and whichever of them died on the way.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections import Counter, deque
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Generic

import numpy as np

from bierl_fast.evaluation import worker as worker_module
from bierl_fast.evaluation.base import EpisodeWarning
from bierl_fast.evaluation.environments import EnvMaker, TaskError
from bierl_fast.evaluation.interface import Interface
from bierl_fast.evaluation.memory import available_bytes
from bierl_fast.evaluation.obs_norm import ObservationStatistics
from bierl_fast.evaluation.shared import EpisodeEvaluator, P, available_cores, longest_first
from bierl_fast.evaluation.shared_block import Block
from bierl_fast.evaluation.worker import Batch, Broken, Descriptor, Done, Job, Ready, Start
from bierl_fast.evaluation.worker_process import WorkerProcess, end_all, packed
from bierl_fast.messages import EvaluationBatch, Moments, Population, Stream

MOST_WORKERS = 1024
START_SECONDS = 120.0  # a worker that says nothing for so long will not start
GRACE = 1.0  # seconds past episode_timeout after which a worker that cannot stop itself is killed
DEATHS = 3  # of workers under one row, after which the row has failed
FAILURE_POLICIES = ("rank_last", "retry", "raise")
FRESH = ("auto", "always", "never")


class EpisodeError(RuntimeError):
    """Episodes failed, and the failure policy does not allow it; the text says which and why."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How a pool runs episodes.

    Attributes:
        workers: processes; None takes the cores this process may use.
        fresh_env: a new environment for each episode: "always", "never", or "auto", where reset does not restore
            everything (known for Gymnasium's own, tried out at the start for others).
        flatten_observation: take observations of more than one dimension as one long vector.
        on_failure: of an episode that raises, answers what is no number or has a wrong shape, or outlives
            `episode_timeout`: "rank_last" marks it failed, "retry" runs it again from the same streams, up to `retries`
            times, "raise" ends the evaluation with an EpisodeError.
        retries: of a failed episode.
        episode_timeout: seconds an episode may take; None: any.
    """

    workers: int | None = None
    fresh_env: str = "auto"
    flatten_observation: bool = False
    on_failure: str = "rank_last"
    retries: int = 2
    episode_timeout: float | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("fresh_env", self.fresh_env, FRESH),
            ("on_failure", self.on_failure, FAILURE_POLICIES),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
        if self.workers is not None and (not isinstance(self.workers, int) or not 1 <= self.workers <= MOST_WORKERS):
            raise ValueError(f"workers must be an integer in [1, {MOST_WORKERS}], got {self.workers!r}")
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, got {self.retries}")
        if self.episode_timeout is not None and not 0.0 < self.episode_timeout < float("inf"):
            raise ValueError(f"episode_timeout must be above 0 and finite (none: any), got {self.episode_timeout}")


class Pool:
    """Worker processes that hold one environment each; knows nothing of policies until `employ`.

    The first worker is asked about the environment, and what it needs of memory is multiplied out before the others
    start.
    """

    def __init__(self, maker: EnvMaker, settings: PoolSettings, descriptor: Descriptor | None = None) -> None:
        """Start the first worker and hear what it says of the environment; the others start with `employ`.

        Raises:
            ValueError: the environment cannot be made or used, or so many workers do not fit into memory.
            RuntimeError: a worker broke while it started, or this is a worker itself.
        """
        if worker_module.running:
            raise RuntimeError(
                "a worker process was about to start workers of its own: it imports the script that defines its "
                "environment's factory, and that script starts training when imported; put what starts under `if "
                '__name__ == "__main__":`, or the factory into a module of its own'
            )
        self._process = os.getpid()
        self._count = available_cores() if settings.workers is None else settings.workers
        self._maker = maker
        self._job: Job | None = None
        self.block = Block()
        self.workers: list[WorkerProcess] = []
        self._finalizer = weakref.finalize(self, _shut_down, self._process, self.workers, self.block)
        try:
            first = self._start_of(maker, settings, descriptor, look_closely=True)
            self._start = packed(first)
            self._add(self._start)
            self.ready = self._first_answer(self.workers[0])
            self._require_memory(self.ready.private_bytes)
            self.fresh = self.ready.fresh
            self._start = packed(self._start_of(maker, settings, descriptor, look_closely=False))
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _start_of(
        maker: EnvMaker, settings: PoolSettings, descriptor: Descriptor | None, *, look_closely: bool
    ) -> Start:
        return Start(maker, settings.flatten_observation, settings.fresh_env, descriptor, look_closely)

    @property
    def interface(self) -> Interface:
        """What the environment looks like."""
        return self.ready.interface

    def _add(self, start: bytes) -> WorkerProcess:
        worker = WorkerProcess(start, self.block.fileno)
        self.workers.append(worker)
        return worker

    def _first_answer(self, worker: WorkerProcess) -> Ready:
        wait([worker.connection], START_SECONDS)
        for message in self.heard(worker):
            if isinstance(message, Ready):
                return message
        raise self._no_start("it said nothing for " + f"{START_SECONDS:g} seconds")

    def heard(self, worker: WorkerProcess) -> list[Any]:
        """A worker's messages.

        Raises:
            EOFError: it is gone, after it had been ready.
            ValueError, RuntimeError: it cannot start, and this is why.
        """
        try:
            messages = worker.heard()
        except EOFError:
            if worker.ready:
                raise
            raise self._no_start(f"its process ended with {worker.died()}") from None
        for message in messages:
            if isinstance(message, Broken):
                raise TaskError(message.text) if message.refused else RuntimeError(message.text)
            if isinstance(message, Ready):
                worker.ready = True
        if not worker.ready and time.monotonic() - worker.started > START_SECONDS:
            raise self._no_start(f"it said nothing for {START_SECONDS:g} seconds")
        return messages

    def _no_start(self, why: str) -> RuntimeError:
        return RuntimeError(f"a worker process for task {self._maker.task} cannot start: {why}")

    def _require_memory(self, each: int) -> None:
        room = available_bytes()
        fitting = self._count if room is None or each == 0 else 1 + room // each
        if fitting < self._count:
            raise ValueError(
                f"{self._count} workers of about {each / 2**20:.0f} MB each do not fit into the "
                f"{(room or 0) / 2**20:.0f} MB of memory that are free; take at most {fitting} (--workers {fitting})"
            )

    def employ(self, job: Job) -> None:
        """Give every worker its policy; the missing ones start."""
        self._job = job
        for worker in self.workers:
            worker.send(job)
        self.fill()

    def fill(self) -> None:
        """Start workers until there are as many as wanted."""
        if os.getpid() != self._process:
            raise RuntimeError("worker processes belong to the process that started them; make an evaluator after fork")
        if not self._finalizer.alive:
            raise RuntimeError("this evaluator is closed; make another")
        while len(self.workers) < self._count:
            worker = self._add(self._start)
            worker.send(self._job)

    def replace(self, worker: WorkerProcess) -> WorkerProcess:
        """A new worker in the place of one that is gone."""
        self.workers.remove(worker)
        new = self._add(self._start)
        new.send(self._job)
        return new

    def drop_busy(self) -> None:
        """End the workers that are at work or not yet ready; `fill` starts new ones."""
        busy = [worker for worker in self.workers if worker.rows or not worker.ready]
        for worker in busy:
            worker.kill()
            self.workers.remove(worker)

    def close(self) -> None:
        """End every worker and free the block. Twice is fine."""
        self._finalizer()


def _shut_down(process: int, workers: list[WorkerProcess], block: Block) -> None:
    if os.getpid() == process:  # a fork of it has copies, and no say
        end_all(workers)
        block.close()


class ProcessPoolEvaluator(EpisodeEvaluator[P], Generic[P]):
    """Runs any environment's episodes in worker processes."""

    def __init__(
        self,
        pool: Pool,
        policy: P,
        job: Job,
        settings: PoolSettings,
        statistics: ObservationStatistics,
        *,
        obs_norm: bool,
    ) -> None:
        """See `bierl_fast.evaluation.table.make_evaluator`. Takes the pool over: closes it when it is closed."""
        super().__init__(policy, statistics, obs_norm=obs_norm, max_steps=job.max_steps)
        self.settings = settings
        self._pool = pool
        self._job = job
        self._turn = threading.Lock()
        self._warned = False
        self._descriptor = job.descriptor_size
        pool.employ(job)
        if not pool.ready.repeats:
            self._warn(
                f"task {job.spec.task} answers differently under the same seed, even as a new environment: results "
                "cannot be repeated; let its reset(seed=...) seed all of its randomness"
            )

    @property
    def fresh_env(self) -> bool:
        """Whether every episode gets a new environment."""
        return self._job.fresh

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.pid for worker in self._pool.workers]

    def close(self) -> None:
        """End the worker processes; the evaluator cannot evaluate afterwards. Twice is fine."""
        self._pool.close()

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing; honours KeyboardInterrupt within a second.

        Raises:
            EpisodeError: an episode failed under on_failure = "raise", or all of an inner batch did.
            ValueError: the population does not fit the policy, or a behaviour function changed its size.
            RuntimeError: a worker cannot be replaced, or the evaluator is closed.
        """
        self._check(population)
        with self._turn:
            self._pool.fill()
            views, batch = self._lay_out(population)
            dispatch = _Dispatch(self._pool, self.settings, batch, views, longest_first(population).tolist())
            try:
                dispatch.run()
            except BaseException:
                self._pool.drop_busy()
                raise
            self._judge(dispatch.reasons, population)
            return self._gathered(views, population)

    def _check(self, population: Population) -> None:
        size = self._policy.parameters.size
        bases = np.shape(population.base_bp)
        if len(bases) != 2 or bases[1] != size:
            raise ValueError(
                f"base_bp must be a C-contiguous float32 array of shape ({bases[0] if bases else 0}, {size}), "
                f"got shape {bases}"
            )
        if population.rows:
            self.parameters(population, 0)  # looks at every row

    def _lay_out(self, population: Population) -> tuple[dict[str, Any], Batch]:
        batch = Batch(
            rows=population.rows,
            bases=population.base_bp.shape[0],
            parameters=population.base_bp.shape[1],
            scaled=population.scale_bp is not None,
            observations=self._job.spec.observation_size,
            descriptor=self._descriptor,
            moments=self.obs_norm,
            key=population.key,
        )
        views = self._pool.block.views(batch.fields())
        for name in ("base_bp", "scale_bp", "base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r"):
            if name in views:
                views[name][...] = getattr(population, name)
        for name, array in self._statistics.state().items():
            views[name][...] = array
        return views, batch

    def _judge(self, reasons: dict[int, str], population: Population) -> None:
        if not reasons:
            return
        row = min(reasons)
        text = f"row {row}, reset seed {self.reset_seed(population, row)}: {reasons[row]}"
        if len(reasons) == population.rows and population.key.stream == Stream.INNER:
            raise EpisodeError(f"all {population.rows} episodes failed; {text}")
        self._warn(f"{len(reasons)} of {population.rows} episodes failed and rank last; {text} (said once)")

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(text, EpisodeWarning, stacklevel=3)

    def _gathered(self, views: dict[str, Any], population: Population) -> EvaluationBatch:
        moments = None
        if self.obs_norm:
            moments = Moments(views["count_r"].copy(), views["mean_ro"].copy(), views["m2_ro"].copy())
        return EvaluationBatch(
            returns_r=views["returns_r"].copy(),
            lengths_r=views["lengths_r"].copy(),
            failed_r=views["failed_r"].copy(),
            behaviour_rd=views["behaviour_rd"].copy(),
            entropy_r=views["entropy_r"].copy(),
            moments=moments,
            key=population.key,
        )


@dataclass
class _Dispatch:
    """One batch under way: which rows wait, who runs which, which failed."""

    pool: Pool
    settings: PoolSettings
    batch: Batch
    views: dict[str, Any]
    order: list[int]
    reasons: dict[int, str] = field(default_factory=dict)  # of failed rows

    def run(self) -> None:
        """Run every row to its end."""
        self._pending = deque(self.order)
        self._left = len(self.order)
        self._deaths: Counter[int] = Counter()
        self._tries: Counter[int] = Counter()
        for worker in self.pool.workers:
            worker.send(self.batch)
        while self._left:
            self._hand_out()
            spoke = wait([worker.connection for worker in self.pool.workers], self._patience())
            for worker in list(self.pool.workers):
                if worker.connection in spoke or not spoke:  # nobody spoke: look after everybody
                    self._listen(worker)
            self._end_the_overdue()

    def _hand_out(self) -> None:
        """A row for every idle worker; a second one, so that none waits for a message, while there are many."""
        for depth in (1, 2):
            for worker in self.pool.workers:
                enough = self._pending and (depth == 1 or len(self._pending) > len(self.pool.workers))
                if worker.ready and enough and len(worker.rows) < depth:
                    worker.give(self._pending.popleft())

    def _patience(self) -> float:
        """Seconds until something has to be looked at that sends no message."""
        timeout = self.settings.episode_timeout
        if timeout is None:
            return 1.0
        now = time.monotonic()
        ends = [worker.since + timeout + GRACE - now for worker in self.pool.workers if worker.rows]
        return max(0.0, min([1.0, *ends]))

    def _listen(self, worker: WorkerProcess) -> None:
        try:
            messages = self.pool.heard(worker)
        except EOFError:
            self._bury(worker, f"its worker process died {DEATHS} times, the last time of {worker.died()}")
            return
        for message in messages:
            if isinstance(message, Done):
                worker.answered()
                self._settle(message)

    def _end_the_overdue(self) -> None:
        """Kill workers that hang inside one step, where they cannot look at the clock themselves."""
        timeout = self.settings.episode_timeout
        if timeout is None:
            return
        for worker in list(self.pool.workers):
            if worker.rows and time.monotonic() - worker.since > timeout + GRACE:
                worker.kill()
                row = worker.rows.popleft()
                self._bury(worker, "")
                self._lose(row)
                self._settle(Done(row, f"it outlived episode_timeout = {timeout:g} seconds inside one step"))

    def _bury(self, worker: WorkerProcess, reason: str) -> None:
        """Replace a worker that is gone and run its rows again; the one it was at, a bounded number of times."""
        rows = list(worker.rows)
        worker.rows.clear()
        self.pool.replace(worker).send(self.batch)
        if rows and reason:
            self._deaths[rows[0]] += 1
            if self._deaths[rows[0]] >= DEATHS:
                self._lose(rows[0])
                self._settle(Done(rows.pop(0), reason), again=False)
        self._pending.extendleft(reversed(rows))

    def _lose(self, row: int) -> None:
        """The results of a row that no worker could finish."""
        for name in ("returns_r", "lengths_r", "entropy_r", "behaviour_rd"):
            self.views[name][row] = 0
        self.views["count_r"][row : row + 1] = 0.0
        self.views["failed_r"][row] = True

    def _settle(self, done: Done, again: bool = True) -> None:
        if done.fatal:
            raise ValueError(done.reason)
        if done.reason is None:
            self._left -= 1
            return
        if self.settings.on_failure == "raise":
            raise EpisodeError(f"row {done.row} failed: {done.reason}")
        if self.settings.on_failure == "retry" and again and self._tries[done.row] < self.settings.retries:
            self._tries[done.row] += 1
            self._pending.appendleft(done.row)
            return
        self.reasons[done.row] = done.reason
        self._left -= 1
