"""Separable natural evolution strategy: the natural gradient of the centre and of each parameter's standard deviation.

    theta_p += learning_rate * sigma_p * sum of u eps_p
    sigma_p *= exp(scale_learning_rate / 2 * sum of u (eps_p^2 - 1)),      sigma_p = hp.sigma * level * scale_p

u are the log-rank utilities. Candidates come in antithetic pairs, which the paper's do not.

Source: Schaul, Glasmachers & Schmidhuber 2011, "High dimensions and heavy tails for natural evolution strategies",
GECCO; Wierstra et al. 2014, "Natural evolution strategies", JMLR 15.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters, HyperparameterSpec, Population
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, fitness, scale_direction
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.separable import Separable


class SeparableNES(Separable):
    """Separable natural evolution strategy over a flat vector; see the module for sigma, level and scale.

    The scale's learning rate, (3 + ln P) / (5 sqrt(P)) unless given, is not for a meta-level: what it does shows only
    in later generations, not in the centre one step on.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even.
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        riders: names of candidates that ride for a signal; see riders.py.
        scale: (P,) per-parameter factor of sigma to start from, above 0; None for ones.
        pool: a kernels.ThreadPool that shares the sums out; the bits stay the same.

    Raises:
        ArgumentError: an odd or too small population, an unknown name, a count below its least, a scale not above 0.
    """

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
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
        size = self._theta.size
        usual = (3.0 + math.log(size)) / (5.0 * math.sqrt(size))
        self.declared: Mapping[str, HyperparameterSpec] = {
            "sigma": HyperparameterSpec(default=0.02),
            "learning_rate": HyperparameterSpec(default=1.0),
            "scale_learning_rate": HyperparameterSpec(default=usual, scale="linear", adaptable=False),
            "alive_offset": ALIVE_OFFSET,
        }

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        weight_n = kernels.log_rank_utilities(*fitness(population, batch, hp))
        ascent, path = self._ascent(population, weight_n)
        step = np.float32(hp["learning_rate"]) * population.sigma_r[0] * ascent
        wider = scale_direction(population, weight_n, self._pool).astype(np.float64)
        return {"mean": self._theta + step, **path, **self._widened(0.5 * hp["scale_learning_rate"] * wider)}
