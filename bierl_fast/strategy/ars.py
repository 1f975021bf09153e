"""Augmented random search: the plain step along the best of antithetic directions, in units of their returns' spread.

    theta +- sigma eps -> fitness -> top b pairs -> theta + learning_rate / (b s) * sum of (F+ - F-) eps

V1 without, V2 with observation normalisation (the evaluator's); V1-t and V2-t with `top` below N/2.

Source: Mania et al. 2018, "Simple random search of static linear policies is competitive for reinforcement learning",
arXiv 1803.07055, algorithm 2; their nu is sigma, their alpha the learning rate, their N is population / 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters, HyperparameterSpec, Population
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, Antithetic, fitness
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.shaping import standardized


class AugmentedRandomSearch(Antithetic):
    """Augmented random search over a flat vector.

    s is the standard deviation (ddof 0) of the 2b fitnesses kept. Like the authors' code, sigma scales the candidates
    and not the step, so the step's length is about learning_rate / sqrt(b) times |eps|, whatever sigma and the returns.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even: two for each direction.
        top: b, the pairs with the largest max(F+, F-) that are kept (of another size, the same share); None keeps all.
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        riders: names of candidates that ride for a signal; see riders.py.
        scale: (P,) per-parameter factor of sigma, or None for ones.
        pool: a kernels.ThreadPool that shares the direction out; the bits stay the same.

    Raises:
        ArgumentError: an odd or too small population, `top` outside [1, N/2], an unknown name, a count below its least.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            "sigma": HyperparameterSpec(default=0.025),
            "learning_rate": HyperparameterSpec(default=0.02),
            "alive_offset": ALIVE_OFFSET,
        }
    )

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
        top: int | None = None,
        crn: str = "pair",
        episodes_per_candidate: int = 1,
        center_episodes: int = 0,
        riders: tuple[str, ...] = (),
        scale: F32 | None = None,
        pool: kernels.ThreadPool | None = None,
    ) -> None:
        """See the class."""
        pairs = Pairs(population, crn, episodes_per_candidate, center_episodes, riders=tuple(riders))
        super().__init__(mean, pairs, scale, pool)
        self._top = self._pairs.check_top(top)

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        fitness_n, failed_n = fitness(population, batch, hp)
        top = self._pairs.kept(self._top, fitness_n.size // 2)
        weight_n = standardized(fitness_n, failed_n, top)
        ascent, path = self._ascent(population, weight_n)
        return {"mean": self._theta + np.float32(hp["learning_rate"]) * ascent, **path}
