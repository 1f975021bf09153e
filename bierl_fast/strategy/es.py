"""Evolution strategy with antithetic candidates: the inner level's default.

    theta +- sigma eps -> fitness -> shaped weights -> sum of weight * eps -> optimizer -> theta

Source: Salimans et al. 2017, "Evolution strategies as a scalable alternative to reinforcement learning",
arXiv 1703.03864.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import (
    F32,
    Arrays,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.names import lookup
from bierl_fast.strategy.antithetic import Pairs, complete, direction, fitness, report, require_arrays, vector
from bierl_fast.strategy.optimizer import OPTIMIZERS
from bierl_fast.strategy.shaping import SHAPINGS

PREFIX = "optimizer_"  # of the optimizer's arrays in a state


class EvolutionStrategy:
    """Antithetic evolution strategy over a flat vector.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even.
        shaping: "centered_rank", "log_rank", "standardized" or "raw".
        top: pairs that `standardized` keeps, of N/2 (of another size, the same share); None keeps all.
        optimizer: "adam", "gradient", "momentum" or "clipup".
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        scale: (P,) per-parameter factor of sigma, or None for ones.
        pool: a kernels.ThreadPool that shares the gradient out; the bits stay the same.

    Raises:
        ValueError: an odd or too small population, an unknown name (the nearest is offered), a count below its least.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            "sigma": HyperparameterSpec(default=0.02),
            "learning_rate": HyperparameterSpec(default=0.01),
            "momentum": HyperparameterSpec(default=0.9, high=0.9999, scale="linear"),
            "weight_decay": HyperparameterSpec(default=0.0, scale="linear"),
            "entropy_weight": HyperparameterSpec(default=0.0, low=-math.inf, scale="linear"),
            "alive_offset": HyperparameterSpec(default=0.0, low=-math.inf, scale="linear", adaptable=False),
        }
    )

    def __init__(
        self,
        *,
        mean: F32,
        population: int = 64,
        shaping: str = "centered_rank",
        top: int | None = None,
        optimizer: str = "adam",
        crn: str = "pair",
        episodes_per_candidate: int = 1,
        center_episodes: int = 0,
        scale: F32 | None = None,
        pool: kernels.ThreadPool | None = None,
    ) -> None:
        """See the class."""
        self._pairs = Pairs(population, crn, episodes_per_candidate, center_episodes)
        if top is not None and not 1 <= top <= population // 2:
            raise ValueError(f"top must be in [1, {population // 2}] pairs, got {top}")
        self._theta = vector("mean", mean)
        self._scale = None if scale is None else vector("scale", scale, self._theta.size)
        self._shape = lookup("shaping", shaping, SHAPINGS)
        self._raw = shaping == "raw"
        self._top = top
        self._optimize = lookup("optimizer", optimizer, OPTIMIZERS)
        self._optimizer_state: Arrays = {}
        self._pool = pool

    @property
    def mean(self) -> F32:
        """(P,) the centre; a copy."""
        return self._theta.copy()

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs (2i, 2i+1) = theta +- sigma eps(i), then the centre's rows when `candidates` is not given. Pure."""
        return self._pairs.ask(self._theta, complete(hp, self.declared), key, candidates, self._scale)

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the centre `tell` would leave at `hp` (the population's own when None). State unchanged."""
        return self._next(population, batch, hp)[0]

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Take one step.

        Raises:
            ValueError: every candidate failed, or the batch answers another number of rows.
        """
        theta, state = self._next(population, batch, None)
        norm = float(np.linalg.norm(theta - self._theta))
        self._theta, self._optimizer_state = theta, state
        return report(population, batch, norm)

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None) -> tuple[F32, Arrays]:
        hp = population.hyperparameters if hp is None else complete(hp, self.declared)
        fitness_n, failed_n = fitness(population, batch, hp)
        weight_n = self._shape(fitness_n, failed_n, self._pairs_kept(fitness_n.size // 2))
        if self._raw:
            weight_n = weight_n / population.sigma_r[0]
        ascent = direction(population, weight_n, self._pool)
        if self._scale is not None:
            ascent = ascent * self._scale
        if hp["weight_decay"] != 0.0:
            ascent = ascent - np.float32(hp["weight_decay"]) * self._theta
        step, state = self._optimize(self._optimizer_state, ascent, hp["learning_rate"], hp["momentum"])
        return self._theta + step, state

    def _pairs_kept(self, pairs: int) -> int:
        """`top`, or the same share of a population of another size."""
        return pairs if self._top is None else max(1, round(self._top * pairs / (self._pairs.population // 2)))

    def state(self) -> Arrays:
        """The centre and the optimizer's arrays, copied."""
        arrays: Arrays = {"mean": self._theta.copy()}
        arrays.update({PREFIX + name: np.array(array) for name, array in self._optimizer_state.items()})
        return arrays

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ValueError, and nothing changed, when the arrays are not this strategy's."""
        wanted: Arrays = {"mean": self._theta}
        if any(name.startswith(PREFIX) for name in arrays):  # none before the first step
            after_a_step = self._optimize({}, np.zeros_like(self._theta), 1.0, 0.5)[1]
            wanted.update({PREFIX + name: array for name, array in after_a_step.items()})
        require_arrays(arrays, wanted)
        self._theta = vector("mean", np.asarray(arrays["mean"], np.float32))
        self._optimizer_state = {
            name.removeprefix(PREFIX): np.array(array) for name, array in arrays.items() if name.startswith(PREFIX)
        }
