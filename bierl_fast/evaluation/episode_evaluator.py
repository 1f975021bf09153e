"""What evaluators of episodes have in common: the policy with its statistics, addresses of rows, their order."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, NoReturn, Protocol, Self, TypeVar

import numpy as np

from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, WorkerError
from bierl_fast.evaluation.arguments import integer, not_copied
from bierl_fast.evaluation.base import Policy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.machine import MOST_THREADS, available_cores
from bierl_fast.messages import F32, I32, Arrays, EvaluationBatch, Population, Stream
from bierl_fast.public import public


def thread_count(threads: int | None) -> int:
    """How many threads to start; None: the cores this process may use. ArgumentError outside [1, 1024]."""
    return available_cores() if threads is None else integer("threads", threads, 1, MOST_THREADS)


def row_reset_seed(population: Population, row: int) -> int:
    """The seed of a row's episode, below 2**63; ArgumentError when there is no such row."""
    if not 0 <= row < population.rows:
        raise ArgumentError(f"row {row} of a population of {population.rows}")
    return core.reset_seed(population.key, int(population.episode_r[row]))


class EpisodePolicy(Policy, Protocol):
    """A policy that acts on observations normalised by running statistics."""

    def with_statistics(self, statistics: ObservationStatistics) -> Self:
        """The same policy under other observation statistics, which it keeps."""


P = TypeVar("P", bound=EpisodePolicy)


@public
class EpisodeEvaluator(Generic[P]):
    """The half of an evaluator that does not run episodes. A context manager; `close` frees what it holds.

    Any number of threads may call: evaluations take turns, so do `absorb`, `state` and `load`, and none is lost. A call
    of a signal handler's on what it interrupted is an ArgumentError, and so is one in a forked child where another
    thread was in the middle of one.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        public(cls)

    def __init__(
        self,
        policy: P,
        statistics: ObservationStatistics,
        *,
        obs_norm: bool,
        max_steps: int,
        whole_steps: int,
    ) -> None:
        """Episodes end after `max_steps` at the latest, those of a population that is `whole` after `whole_steps`."""
        self.obs_norm = obs_norm
        self.max_steps = max_steps
        self.whole_steps = whole_steps
        self._statistics = statistics
        self._statistics_turn = core.Turn("evaluator")
        self._policy = policy.with_statistics(statistics.copy())

    def __reduce__(self) -> NoReturn:
        raise not_copied(self)

    @property
    def policy(self) -> P:
        """The policy with this evaluator's present observation statistics."""
        return self._policy

    def steps_of(self, population: Population) -> int:
        """Env steps after which that population's episodes end at the latest."""
        return self.whole_steps if population.whole else self.max_steps

    def absorb(self, batch: EvaluationBatch) -> None:
        """Merge an inner batch's observation moments, in row order; other batches are left out."""
        if batch.key is None or batch.key.stream != Stream.INNER or batch.moments is None:
            return
        with self._statistics_turn:
            self._statistics.merge(batch.moments)
            self._policy = self._policy.with_statistics(self._statistics.copy())

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row ran; ArgumentError when there is no such row."""
        return kernels.row_parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        """The seed of that row's episode: gymnasium's reset(seed=...), below 2**63. ArgumentError: no such row."""
        return row_reset_seed(population, row)

    def state(self) -> Arrays:
        """The observation statistics."""
        with self._statistics_turn:
            return self._statistics.state()

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`."""
        with self._statistics_turn:
            self._statistics.load(arrays)
            self._policy = self._policy.with_statistics(self._statistics.copy())

    def _normalizer(self) -> core.Normalizer:
        """The present statistics, frozen."""
        with self._statistics_turn:
            return self._statistics.normalizer()

    def close(self) -> None:
        """Free what the evaluator holds; it cannot evaluate afterwards. Calling it twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def closed() -> WorkerError:
    """The error of an evaluation after `close`."""
    return WorkerError("this evaluator is closed; make another")


def longest_first(population: Population) -> I32:
    """Rows, longest-expected first: the more noise, the shorter a life. No result depends on it."""
    arrays = population.sigma_r, population.sign_r
    if any(not isinstance(a, np.ndarray) or a.dtype.kind not in "fi" or a.shape != (population.rows,) for a in arrays):
        return np.arange(population.rows, dtype=np.int32)  # whoever runs the rows says what is wrong
    noise_r = population.sigma_r * np.abs(population.sign_r)
    return np.argsort(noise_r, kind="stable").astype(np.int32)
