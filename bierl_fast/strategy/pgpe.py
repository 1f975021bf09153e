"""Policy gradients with parameter-based exploration: symmetric samples, a standard deviation for each parameter.

    g_p      = sum of u sign eps_p                         -> optimizer (ClipUp) -> theta
    sigma_p *= 1 + scale_learning_rate * sum of u (eps_p^2 - 1), within 20 %,    sigma_p = hp.sigma * level * scale_p

Source: Sehnke et al. 2010, "Parameter-exploring policy gradients", Neural Networks 23, section 3 (symmetric sampling);
Toklu, Liskowski & Srivastava 2020, "ClipUp: a simple and powerful optimizer for distribution-based policy evolution",
arXiv 2008.02387 (ClipUp, centred ranks, the bound on sigma's change). Both write the sums as means over pairs of
(F+ - F-) / 2 and of (F+ + F-) / 2 - b; with weights u that sum to zero, these are those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters, HyperparameterSpec, Population
from bierl_fast.names import lookup
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, fitness, scale_direction
from bierl_fast.strategy.optimizer import MOMENTUM, Optimizer
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.separable import Separable
from bierl_fast.strategy.shaping import RANKINGS, SHAPINGS

SIGMA = 0.02
# Toklu et al. take a thirtieth, with populations of hundreds and more. With 64 candidates on HalfCheetah-v5 (MLP 64-64)
# seed 0 stood at 21 after 650,000 steps with that, at 939 with four times as much, and at 148 with eight times.
RADIUS_SHARE = 4.0 / 30.0
LARGEST_CHANGE = 0.2  # of a standard deviation in one update
ZERO_SUM = {name: SHAPINGS[name] for name in (*RANKINGS, "raw")}  # the baseline of the scale's update


class ParameterExploringGradients(Separable):
    """PGPE over a flat vector; see the module for sigma, level and scale.

    The learning rate's default is RADIUS_SHARE of the radius sigma * sqrt(P) that the candidates stand at, at sigma's
    own default. With another sigma, or another optimizer than ClipUp, give a learning rate too. The scale's learning
    rate is not for a meta-level: what it does shows only in later generations, not in the centre one step on.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even.
        shaping: "centered_rank", "log_rank", "log_rank_full" or "raw": those whose weights sum to zero.
        optimizer: "clipup", "adam", "gradient" or "momentum".
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        riders: names of candidates that ride for a signal; see riders.py.
        scale: (P,) per-parameter factor of sigma to start from, above 0; None for ones.
        pool: a kernels.ThreadPool that shares the sums out; the bits stay the same.

    Raises:
        ArgumentError: an odd or small population, an unknown name (the nearest is offered), a count below its least,
            a scale not above 0.
    """

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
        shaping: str = "centered_rank",
        optimizer: str = "clipup",
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
        self._shape = lookup("shaping whose weights sum to zero", shaping, ZERO_SUM, ["shaping"])
        self._raw = shaping == "raw"
        self._optimizer = Optimizer(optimizer)
        usual = RADIUS_SHARE * SIGMA * math.sqrt(self._theta.size)
        self.declared: Mapping[str, HyperparameterSpec] = {
            "sigma": HyperparameterSpec(default=SIGMA),
            "learning_rate": HyperparameterSpec(default=usual),
            "momentum": MOMENTUM,
            "scale_learning_rate": HyperparameterSpec(default=0.1, scale="linear", adaptable=False),
            "alive_offset": ALIVE_OFFSET,
        }

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        fitness_n, failed_n = fitness(population, batch, hp)
        weight_n = self._shape(fitness_n, failed_n, fitness_n.size // 2)
        ascent, path = self._ascent(population, weight_n / population.sigma_r[0] if self._raw else weight_n)
        step, optimizer_state = self._optimizer.step(self._state, ascent, hp["learning_rate"], hp["momentum"])
        wider = scale_direction(population, weight_n, self._pool).astype(np.float64)
        change = np.clip(hp["scale_learning_rate"] * wider, -LARGEST_CHANGE, LARGEST_CHANGE)
        return {"mean": self._theta + step, **path, **self._widened(np.log1p(change)), **optimizer_state}

    def _like(self, arrays: Arrays) -> Arrays:
        return {**super()._like(arrays), **self._optimizer.like(arrays, self._theta)}
