"""Training a generator before any run, with whole inner runs as credit.

    weights (M, P_meta), problems (K) -> M x K inner runs side by side -> rank of each centre's returns -> fitness (M,)
    -> a step of `es` on the weights

Every generator controls the same problems with the same noise, so they differ by what they do alone. Its moves do not
settle here, whatever they do in the runs that use it: in runs as short as these it would learn to freeze the small
values that serve their last generations. Returns are ranked among the M generators, generation by generation, later
ones counting more: no task's scale matters, nor how hard it is.

Sources: Metz et al. 2022, "VeLO", arXiv 2211.09760 (a distribution of tasks); Lange et al. 2023, "Discovering evolution
strategies via meta-black-box optimization", arXiv 2211.11260 (judged by whole runs of the strategy they steer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Arrays, EvaluationBatch, Hyperparameters
from bierl_fast.meta.generator import Generator
from bierl_fast.pretraining.crew import Crew
from bierl_fast.pretraining.plan import PretrainSettings
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.strategy.es import EvolutionStrategy

CLOSING = 0.2  # of a run: the generations that a comparison with fixed hyperparameters looks at


class Pretraining:
    """A generator in training: `advance` is one round.

    Args:
        generator: relative or absolute; its outputs' names are ADAPTED.
        history: length, quantiles and signals of the windows it reads, as meta/history.py's History takes them.
        settings: see PretrainSettings.
        threads: cores to play its problems on; None: those this process may use. The bits are the same.
    """

    def __init__(
        self, generator: Generator, history: Mapping[str, Any], settings: PretrainSettings, threads: int | None = 1
    ) -> None:
        """See the class."""
        self._crew = Crew(generator, history, settings, threads)
        self._settings = settings
        self._strategy = EvolutionStrategy(
            mean=generator.initial_weights(settings.seed), population=settings.generators, shaping="centered_rank"
        )
        self.rounds = 0
        self.steps = 0  # env steps of all inner runs

    @property
    def weights(self) -> F32:
        """(P_meta,) as trained so far."""
        return self._strategy.mean

    def advance(self) -> float:
        """One round; returns the share of its problems that the trained generator ended better on than fixed values.

        That generator and the fixed values run beside the perturbed ones, and have no part in the ranking.
        """
        settings = self._settings
        hp = Hyperparameters(
            sigma=settings.sigma,
            learning_rate=settings.rate(self.rounds),
            weight_decay=settings.weight_decay,
        )
        population = self._strategy.ask(hp, settings.key(self.rounds))
        rows = [kernels.row_parameters(population, row) for row in range(population.rows)]
        weights_mp = np.stack([*rows, self.weights, np.zeros_like(self.weights)])
        fitness_m, wins = np.zeros(population.rows), 0
        for value_mt, steps in self._crew.play(weights_mp, self.rounds):
            self.steps += steps
            fitness_m += ranked(value_mt[: population.rows])
            last = value_mt[-2:, -max(1, int(CLOSING * value_mt.shape[1])) :].mean(axis=1)
            wins += int(last[0] > last[1])
        count = population.rows
        batch = EvaluationBatch(fitness_m, np.ones(count, np.int32), np.zeros(count, np.bool_), key=population.key)
        self._strategy.tell(population, batch)
        self.rounds += 1
        return wins / settings.problems

    def close(self) -> None:
        """End what plays the problems. Twice is fine; a further round begins it again."""
        self._crew.close()

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""
        return {**self._strategy.state(), "counts": np.array([self.rounds, self.steps], np.int64)}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when it is of another generator, or none."""
        arrays = dict(arrays)
        counts = arrays.pop("counts", np.zeros(0))
        require_arrays({"counts": counts}, {"counts": np.zeros(2, np.int64)}, whose="the training's")
        self._strategy.load(arrays)
        self.rounds, self.steps = (int(n) for n in counts)


def ranked(value_mt: F64) -> F64:
    """(M,) centred ranks among M, in [-1/2, 1/2]: mean over generations, weighted by their number; -inf ranks last."""
    failed_mt = ~np.isfinite(value_mt)
    count, length = value_mt.shape
    weight_t = np.arange(1, length + 1) / (length * (length + 1) / 2.0)
    total = np.zeros(count)
    for t in range(length):
        if not failed_mt[:, t].all():
            shaped = kernels.centered_rank_utilities(np.ascontiguousarray(value_mt[:, t]), failed_mt[:, t].copy())
            total += weight_t[t] * count * shaped.astype(np.float64)
    return total
