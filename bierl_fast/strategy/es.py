"""Evolution strategy with antithetic candidates: the inner level's default.

    theta +- sigma eps -> fitness -> shaped weights -> sum of weight * eps -> optimizer -> theta

Source: Salimans et al. 2017, "Evolution strategies as a scalable alternative to reinforcement learning",
arXiv 1703.03864.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters, HyperparameterSpec, Population
from bierl_fast.names import choice
from bierl_fast.strategy.antithetic import ALIVE_OFFSET, Antithetic, decayed, fitness
from bierl_fast.strategy.optimizer import MOMENTUM, Optimizer
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.reference import STEP_SCALES, check_entropy, per_frozen_population
from bierl_fast.strategy.shaping import make_shaping


class EvolutionStrategy(Antithetic):
    """Antithetic evolution strategy over a flat vector.

    Args:
        mean: (P,) float32, where the search starts; copied.
        population: N candidates, even.
        shaping: "centered_rank", "log_rank", "log_rank_full", "standardized" or "raw".
        top: pairs that `standardized` keeps, of N/2 (of another size, the same share); None keeps all.
        optimizer: "adam", "gradient", "momentum" or "clipup".
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes_per_candidate: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.
        riders: names of candidates that ride for a signal; see riders.py.
        scale: (P,) per-parameter factor of sigma, or None for ones.
        pool: a kernels.ThreadPool that shares the gradient out; the bits stay the same.
        mirrored: antithetic pairs; False: N independent candidates, a pair each for `crn` (not with "standardized").
        ties: what equal fitnesses get of a log-rank shaping: "share" or "best"; see shaping.make_shaping.
        step_scale: "strategy", or "reference": the ascent is divided by 40 sigma, for every shaping.
        entropy: "relative", or "differential" (the policy's own, summed over steps); see `fitness`.
        starting_entropy: in nats a step, of the policy that relative entropy is relative to; read by "differential".

    Raises:
        ArgumentError: an odd or small population, an unknown name (the nearest is offered), a count below its least,
            options that do not go together.
    """

    declared: Mapping[str, HyperparameterSpec] = MappingProxyType(
        {
            "sigma": HyperparameterSpec(default=0.02),
            "learning_rate": HyperparameterSpec(default=0.01),
            "momentum": MOMENTUM,
            "weight_decay": HyperparameterSpec(default=0.0, scale="linear"),
            "entropy_weight": HyperparameterSpec(default=0.0, low=-math.inf, scale="linear"),
            "alive_offset": ALIVE_OFFSET,
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
        riders: tuple[str, ...] = (),
        scale: F32 | None = None,
        pool: kernels.ThreadPool | None = None,
        mirrored: bool = True,
        ties: str = "share",
        step_scale: str = "strategy",
        entropy: str = "relative",
        starting_entropy: float | None = None,
    ) -> None:
        """See the class."""
        pairs = Pairs(population, crn, episodes_per_candidate, center_episodes, mirrored, tuple(riders))
        super().__init__(mean, pairs, scale, pool)
        self._top = self._pairs.check_top(top)
        self._shape = make_shaping(shaping, ties)
        if shaping == "standardized" and not mirrored:
            raise ArgumentError("shaping 'standardized' keeps antithetic pairs; with mirrored = false take another")
        self._raw = shaping == "raw"
        self._frozen = choice("step scale", step_scale, STEP_SCALES, ["reference"]) == "reference"
        self._starting_entropy = check_entropy(entropy, starting_entropy)
        self._optimizer = Optimizer(optimizer)

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        fitness_n, failed_n = fitness(population, batch, hp, self._starting_entropy)
        weight_n = self._shape(fitness_n, failed_n, self._pairs.kept(self._top, fitness_n.size // 2))
        sigma = population.sigma_r[0]
        if self._raw and not self._frozen:
            weight_n = weight_n / sigma
        ascent, path = self._ascent(population, weight_n)
        if self._frozen:
            ascent = per_frozen_population(ascent, sigma)
        ascent = decayed(ascent, self._theta, hp)
        step, optimizer_state = self._optimizer.step(self._state, ascent, hp["learning_rate"], hp["momentum"])
        return {"mean": self._theta + step, **path, **optimizer_state}

    def _like(self, arrays: Arrays) -> Arrays:
        return {**super()._like(arrays), **self._optimizer.like(arrays, self._theta)}
