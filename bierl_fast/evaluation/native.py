"""Native rollouts: named candidates in, returns out, every episode whole in C++.

    Population -> worker threads: perturb, reset, episode -> EvaluationBatch

Row i of every output answers row i of the population, whatever the number of threads.
"""

from __future__ import annotations

import os

import numpy as np

from bierl_fast._library import core, gymnasium_assets
from bierl_fast.evaluation.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy import Policy, PolicySpec
from bierl_fast.messages import F32, I32, Arrays, EvaluationBatch, Moments, Population, Stream

MOST_THREADS = 1024


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count(threads: int | None) -> int:
    """How many threads to start; None: the cores this process may use. ValueError outside [1, 1024]."""
    count = available_cores() if threads is None else threads
    if not isinstance(count, int) or not 1 <= count <= MOST_THREADS:
        raise ValueError(f"threads must be an integer in [1, {MOST_THREADS}], got {threads!r}")
    return count


def row_parameters(population: Population, row: int) -> F32:
    """(P,) what a row runs; ValueError when there is no such row."""
    out = np.empty(population.base_bp.shape[1], np.float32)
    core().row_parameters(population, row, out)
    return out


def row_reset_seed(population: Population, row: int) -> int:
    """The seed of a row's episode, below 2**63; ValueError when there is no such row."""
    if not 0 <= row < population.rows:
        raise ValueError(f"row {row} of a population of {population.rows}")
    return int(core().reset_seed(population.key, int(population.episode_r[row])))


class NativeEvaluator:
    """Runs a native task's episodes on a persistent pool of threads; the GIL is free meanwhile."""

    def __init__(
        self,
        spec: PolicySpec,
        *,
        max_steps: int,
        obs_norm: bool = True,
        behaviour: str = "final_position",
        transitions: bool = False,
        threads: int | None = None,
        statistics: ObservationStatistics | None = None,
    ) -> None:
        """See `bierl_fast.evaluation.table.make_evaluator`."""
        self.threads = thread_count(threads)
        self.obs_norm = obs_norm
        self.max_steps = max_steps
        self._transitions = transitions
        self._statistics = statistics or ObservationStatistics(spec.observation_size)
        self._policy = Policy(spec, self._statistics.copy())
        self._rollout = core().Rollout(
            task=spec.task,
            options=spec.task_kwargs,
            assets=gymnasium_assets(),
            shape=self._policy.shape,
            max_steps=max_steps,
            behaviour=behaviour,
            threads=self.threads,
            transitions=transitions,
        )

    @property
    def policy(self) -> Policy:
        """The policy with this evaluator's present observation statistics."""
        return self._policy

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing; honours KeyboardInterrupt within a second."""
        recorded = self._transitions and population.key.stream == Stream.INNER
        out = self._rollout.evaluate(
            population,
            self._statistics.normaliser(),
            self._order(population),
            explore=population.key.stream != Stream.EVALUATION,
            moments=self.obs_norm,
            transitions=recorded,
        )
        moments = Moments(out["count_r"], out["mean_ro"], out["m2_ro"]) if self.obs_norm else None
        return EvaluationBatch(
            returns_r=out["returns_r"],
            lengths_r=out["lengths_r"],
            failed_r=out["failed_r"],
            behaviour_rd=out["behaviour_rd"],
            entropy_r=out["entropy_r"],
            moments=moments,
            key=population.key,
            transitions_tw=out["transitions_tw"] if recorded else None,
        )

    def _order(self, population: Population) -> I32:
        """Rows longest-expected first: the more noise, the shorter a life. No result depends on it."""
        if np.shape(population.sigma_r) != np.shape(population.sign_r):
            return np.arange(population.rows, dtype=np.int32)  # the rollout says what is wrong
        noise_r = population.sigma_r * np.abs(population.sign_r)
        return np.argsort(noise_r, kind="stable").astype(np.int32)

    def absorb(self, batch: EvaluationBatch) -> None:
        """Merge an inner batch's observation moments, in row order; other batches are left out."""
        if batch.key is None or batch.key.stream != Stream.INNER or batch.moments is None:
            return
        self._statistics.merge(batch.moments)
        self._policy = Policy(self._policy.spec, self._statistics.copy())

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row ran; ValueError when there is no such row."""
        return row_parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        """The seed of that row's episode: gymnasium's reset(seed=...), below 2**63. ValueError: no such row."""
        return row_reset_seed(population, row)

    def state(self) -> Arrays:
        """The observation statistics."""
        return self._statistics.state()

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`."""
        self._statistics.load(arrays)
        self._policy = Policy(self._policy.spec, self._statistics.copy())
