"""Episodes of any Gymnasium environment, in worker processes.

    Population -> shared block; rows -> workers: parameters, reset, episode -> shared block -> EvaluationBatch

Only row numbers and their completion travel; the noise is made in the worker from its address. Row i of every output
answers row i of the population, whatever the number of workers, and whichever of them died on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any, Generic

import numpy as np

from bierl_fast._native import core
from bierl_fast.errors import AllEpisodesError, ArgumentError, EpisodeWarning, WorkerError, warn
from bierl_fast.evaluation.arguments import require_population
from bierl_fast.evaluation.environment.spaces import shortened
from bierl_fast.evaluation.episode_evaluator import EpisodeEvaluator, P, longest_first
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.pool.dispatch import Dispatch
from bierl_fast.evaluation.pool.messages import Batch, Job
from bierl_fast.evaluation.pool.pool import Pool
from bierl_fast.evaluation.pool.settings import PoolSettings
from bierl_fast.messages import F32, EvaluationBatch, Moments, Population, Stream


class ProcessPoolEvaluator(EpisodeEvaluator[P], Generic[P]):
    """Runs any environment's episodes in worker processes. They see the population as it is when `evaluate` begins.

    Any number of threads may call, see EpisodeEvaluator.
    """

    def __init__(
        self,
        pool: Pool,
        policy: P,
        job: Job,
        settings: PoolSettings,
        statistics: ObservationStatistics,
        *,
        obs_norm: bool,
        transitions: bool = False,
    ) -> None:
        """See `bierl_fast.evaluation.table.make_evaluator`. Takes the pool over: closes it when it is closed."""
        super().__init__(policy, statistics, obs_norm=obs_norm, max_steps=job.max_steps, whole_steps=job.whole_steps)
        self.settings = settings
        self._pool = pool
        self._job = job
        self._transitions = transitions
        self._turn = core.Turn("evaluator")
        self._warned = False
        self._descriptor = job.descriptor_size
        pool.assign_policy(job)
        if pool.findings.repeats is False:
            warn(
                f"task {job.spec.task} answers differently under the same seed, even as a new environment: results "
                "cannot be repeated; let its reset(seed=...) seed all of its randomness",
                EpisodeWarning,
            )

    @property
    def fresh_env(self) -> bool:
        """Whether every episode gets a new environment."""
        return self._job.fresh

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.pid for worker in self._pool.workers]

    def reset_seed(self, population: Population, row: int) -> int:
        """The seed of that row's episode: gymnasium's reset(seed=...). ArgumentError: no such row.

        Below 2**63; below 2**31 where the environment refuses longer ones, as those do that hand them on to NumPy's
        RandomState.
        """
        return shortened(super().reset_seed(population, row), self._job.seed_bits)

    def wait_until_ready(self) -> None:
        """Wait until every worker could run a row; WorkerError when one cannot start. Nothing else needs this."""
        with self._turn, self._said_if_closed():
            self._pool.fill()
            while waiting := [worker.connection for worker in self._pool.workers if not worker.has_policy]:
                wait(waiting, 1.0)
                self._pool.fill()

    @contextmanager
    def _said_if_closed(self) -> Iterator[None]:
        """Whatever fails because another thread has closed the evaluator is a WorkerError that says so."""
        try:
            yield
        except Exception as error:
            if self._pool.closed and not isinstance(error, WorkerError):
                raise WorkerError("this evaluator was closed while it was at work; make another") from error
            raise

    def close(self) -> None:
        """End the worker processes; the evaluator cannot evaluate afterwards. Twice is fine.

        An evaluation under way in another thread ends with a WorkerError.
        """
        self._pool.close()

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing; honours KeyboardInterrupt within a second.

        Raises:
            EpisodeError: an episode failed under on_failure = "raise", or (AllEpisodesError) all of an inner batch did.
            ArgumentError: the population does not fit the policy, or a behavior function changed its size.
            WorkerError: a worker cannot be replaced, or the evaluator is closed.
        """
        batch, reasons = self.run(population)
        return replace(batch, failure=self.judge(reasons, population))

    def run(
        self, population: Population, numbers: Sequence[int] | None = None
    ) -> tuple[EvaluationBatch, dict[int, str]]:
        """As `evaluate`, of rows that may be part of a larger population; why episodes failed, by row.

        `numbers`: what errors call each row; None: its own number here.
        """
        self._check(population)
        with self._turn, self._said_if_closed():
            self._pool.fill(population.rows)
            try:
                views, batch = self._lay_out(population)
                rows = longest_first(population).tolist()
                dispatch = Dispatch(self._pool, self.settings, batch, views, rows, numbers)
                dispatch.run()
            except BaseException:
                self._pool.drop_busy()
                raise
            return self._gathered(views, population, dispatch.lost_steps), dispatch.reasons

    def _check(self, population: Population) -> None:
        require_population(population)
        size = self._policy.parameters.size
        bases = np.shape(population.base_bp)
        if len(bases) != 2 or bases[1] != size:
            raise ArgumentError(
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
            max_steps=self.steps_of(population),
            transitions=self._room(population),
        )
        views = self._pool.block.views(batch.fields())
        for name in ("base_bp", "scale_bp", "base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r"):
            if name in views:
                views[name][...] = getattr(population, name)
        for name, array in self.state().items():
            views[name][...] = array
        return views, batch

    def _room(self, population: Population) -> tuple[int, int] | None:
        """Steps of a row and numbers in a transition, where they are recorded: in inner batches."""
        if not self._transitions or population.key.stream != Stream.INNER:
            return None
        spec = self._job.spec
        return self.steps_of(population), 2 * spec.observation_size + len(spec.low) + 2

    def judge(self, reasons: dict[int, str], population: Population) -> str | None:
        """Say that episodes failed; the first one's reason, None where none did. EpisodeError: see `evaluate`."""
        if not reasons:
            return None
        row = min(reasons)
        text = f"row {row}, reset seed {self.reset_seed(population, row)}: {reasons[row]}"
        everything = len(reasons) == population.rows
        if everything and population.key.stream == Stream.INNER:
            raise AllEpisodesError(f"all {population.rows} episodes failed; {text}")
        if not self._warned and not (everything and population.key.stream == Stream.EVALUATION):  # its caller says more
            self._warned = True
            warn(
                f"{len(reasons)} of {population.rows} episodes failed and rank last; {text} (said once)",
                EpisodeWarning,
            )
        return text

    def _gathered(self, views: dict[str, Any], population: Population, lost_steps: int) -> EvaluationBatch:
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
            transitions_tw=_joined(views) if self._room(population) else None,
            lost_steps=lost_steps,
        )


def _joined(views: dict[str, Any]) -> F32:
    """(T, W) the steps of the rows that did not fail, in row order."""
    rows = zip(views["transitions_rsw"], views["lengths_r"], views["failed_r"], strict=True)
    recorded = [steps[:length] for steps, length, failed in rows if not failed]
    return np.concatenate(recorded) if recorded else views["transitions_rsw"][0, :0].copy()
