"""Rows on a Ray cluster: what any other evaluator does, by actors that hold one each.

    Population -> bases and statistics to each node once, row numbers in chunks -> rows' answers -> EvaluationBatch

Noise is made where it is needed, from its address: down go the base vectors, up come returns. Row i of every output
answers row i of the population, whichever node ran it, with the bits of one machine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from bierl_fast._native import core
from bierl_fast.by_value import ByValue
from bierl_fast.evaluation.arguments import not_copied, require_population
from bierl_fast.evaluation.base import Evaluator, Policy
from bierl_fast.evaluation.episode_evaluator import closed, longest_first, thread_count
from bierl_fast.evaluation.function.evaluator import FunctionEvaluator
from bierl_fast.evaluation.function.runner import BLOCK
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.evaluation.ray import session
from bierl_fast.evaluation.ray.chunks import Chunks
from bierl_fast.evaluation.ray.crew import Crew
from bierl_fast.evaluation.ray.host import BY_ROW, Answer, Make, Shared
from bierl_fast.evaluation.ray.settings import RaySettings
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Moments, Population
from bierl_fast.public import public

PER_ROW = ("returns_r", "lengths_r", "failed_r", "behaviour_rd", "entropy_r")  # of a batch


@public
class RayEvaluator:
    """Runs rows on the nodes of a Ray cluster. A context manager; `close` ends the actors.

    Any number of threads may call: evaluations take turns.

    Args:
        make: an evaluator of the task, given a number of threads; it is sent to the nodes.
        settings: which cluster.
        threads: CPUs of a local cluster; None: the cores this process may use.
    """

    def __init__(self, make: Make, settings: RaySettings, threads: int | None = None) -> None:
        self._open = False
        self._own: Evaluator = make(1)  # what is asked of any evaluator besides rows, and the task's own errors
        try:
            self._ray, alone = session.joined(settings.address, thread_count(threads))
            self._open = True
            what = f"task {self._own.policy.task}"
            size = self._own.policy.parameters.size
            self._crew = Crew(self._ray, ByValue(make), settings.threads, what, size, reserve=alone)
            self._chunks = Chunks(self._ray, self._crew, self._granule())
            self._crew.ready()
        except BaseException:
            self.close()
            raise
        self._turn = core.Turn("evaluator")
        self._number = 0
        self.nodes = len(self._crew.members)  # that there were at first

    def _granule(self) -> int:
        """A function of a block is called with the blocks of one machine: their size may change its last bits."""
        own = self._own
        if not isinstance(own, FunctionEvaluator) or not own.policy.spec.vectorized:
            return 1
        return max(1, BLOCK // own.policy.spec.dim)

    def __reduce__(self) -> NoReturn:
        raise not_copied(self)

    def __getattr__(self, name: str) -> Any:
        """What the task's evaluator has besides, such as `max_steps`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._own, name)

    @property
    def policy(self) -> Policy:
        """The policy with this evaluator's present observation statistics."""
        return self._own.policy

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row. Changes nothing.

        Raises:
            ArgumentError: the population does not fit the policy.
            EpisodeError: as the task's evaluator on one machine.
            WorkerError: no node is left that could run rows, or the evaluator is closed.
        """
        if not self._open:
            raise closed()
        require_population(population)
        if not population.rows:
            return self._own.evaluate(population)
        self._own.parameters(population, 0)  # looks at every row
        with self._turn:
            self._number += 1
            gathered = _Gathered(population)
            shared = self._ray.put(Shared(self._number, _of_one_row(population), self._own.state()))
            by_row = isinstance(self._own, FunctionEvaluator)
            order = np.arange(population.rows) if by_row else longest_first(population).astype(np.intp)
            self._chunks.run(self._number, shared, population, order, gathered.take)
            batch, reasons = gathered.batch(), gathered.reasons
        if isinstance(self._own, ProcessPoolEvaluator):
            return replace(batch, failure=self._own.judge(reasons, population))
        return batch

    def absorb(self, batch: EvaluationBatch) -> None:
        """Merge an inner batch's observation moments, in row order; other batches are left out."""
        self._own.absorb(batch)

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row ran; ArgumentError when there is no such row."""
        return self._own.parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        """The seed of that row's episode: gymnasium's reset(seed=...). ArgumentError: no such row."""
        return self._own.reset_seed(population, row)

    def state(self) -> Arrays:
        """The observation statistics."""
        return self._own.state()

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`."""
        self._own.load(arrays)

    def close(self) -> None:
        """End the actors, and the local cluster with its last evaluator. Twice is fine."""
        self._own.close()
        if self._open:
            self._open = False
            if hasattr(self, "_crew"):
                self._crew.close()
            session.left(self._ray)

    def __enter__(self) -> RayEvaluator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _of_one_row(population: Population) -> Population:
    """The population without its rows but one, as they go with the chunks."""
    first = {name: getattr(population, name)[:1].copy() for name in BY_ROW}
    return replace(population, riders_n=None, **first)


class _Gathered:
    """The answers so far."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self.reasons: dict[int, str] = {}  # of rows that failed
        self._lost_steps = 0
        self._arrays: dict[str, NDArray[Any]] = {}
        self._transitions: dict[int, F32] = {}

    def take(self, rows: NDArray[np.intp], answer: Answer) -> None:
        """The answers of these rows."""
        batch = answer.batch
        found: dict[str, Any] = {name: getattr(batch, name) for name in PER_ROW}
        if batch.moments is not None:
            found |= {name: getattr(batch.moments, name) for name in ("count_r", "mean_ro", "m2_ro")}
        for name, values in found.items():
            if values is not None:
                if name not in self._arrays:
                    self._arrays[name] = np.zeros((self.population.rows, *values.shape[1:]), values.dtype)
                self._arrays[name][rows] = values
        self.reasons |= {int(rows[row]): why for row, why in answer.reasons.items()}
        self._lost_steps += batch.lost_steps
        if batch.transitions_tw is not None:
            kept = np.where(batch.failed_r, 0, batch.lengths_r)
            ends = np.cumsum(kept)
            for row, end, length in zip(rows.tolist(), ends.tolist(), kept.tolist(), strict=True):
                self._transitions[row] = batch.transitions_tw[end - length : end]

    def batch(self) -> EvaluationBatch:
        """All of it, in row order."""
        arrays: dict[str, Any] = dict(self._arrays)
        moments = None
        if "count_r" in arrays:
            moments = Moments(*(arrays.pop(name) for name in ("count_r", "mean_ro", "m2_ro")))
        rows = range(self.population.rows)
        recorded = np.concatenate([self._transitions[row] for row in rows]) if self._transitions else None
        return EvaluationBatch(
            **arrays,
            moments=moments,
            key=self.population.key,
            transitions_tw=recorded,
            lost_steps=self._lost_steps,
        )
