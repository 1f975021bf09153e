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
    F64,
    I32,
    Arrays,
    Bool,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.names import lookup
from bierl_fast.strategy.optimizer import OPTIMIZERS
from bierl_fast.strategy.shaping import SHAPINGS

CRN = ("none", "pair", "population")


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
        _require_even(population)
        if crn not in CRN:
            lookup("kind of common random numbers", crn, dict.fromkeys(CRN))
        if episodes_per_candidate < 1 or center_episodes < 0:
            raise ValueError(
                "episodes_per_candidate must be at least 1 and center_episodes at least 0, "
                f"got {episodes_per_candidate} and {center_episodes}"
            )
        if top is not None and not 1 <= top <= population // 2:
            raise ValueError(f"top must be in [1, {population // 2}] pairs, got {top}")
        self._theta = _vector("mean", mean)
        self._scale = None if scale is None else _vector("scale", scale, self._theta.size)
        self._population = population
        self._shape = lookup("shaping", shaping, SHAPINGS)
        self._raw = shaping == "raw"
        self._top = top
        self._optimize = lookup("optimizer", optimizer, OPTIMIZERS)
        self._optimizer_state: Arrays = {}
        self._crn = crn
        self._episodes = episodes_per_candidate
        self._center_episodes = center_episodes
        self._pool = pool

    @property
    def mean(self) -> F32:
        """(P,) the centre; a copy."""
        return self._theta.copy()

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs (2i, 2i+1) = theta +- sigma eps(i), then the centre's rows when `candidates` is not given. Pure."""
        hp = self._complete(hp)
        count = self._population if candidates is None else _require_even(candidates)
        center = self._center_episodes if candidates is None else 0
        candidate_r = np.repeat(np.arange(count, dtype=np.int32), self._episodes)
        pair_r = candidate_r // 2
        episode_r, used = self._episode_rows(candidate_r, pair_r)
        center_r = np.arange(center, dtype=np.int32)
        rows = candidate_r.size + center
        return Population(
            base_bp=self._theta[None].copy(),
            base_r=np.zeros(rows, np.int32),
            sigma_r=np.full(rows, hp["sigma"], np.float32),
            noise_r=np.concatenate([pair_r, np.zeros(center, np.int32)]),
            sign_r=np.concatenate([1 - 2 * (candidate_r % 2), np.zeros(center)]).astype(np.int8),
            candidate_r=np.concatenate([candidate_r, np.full(center, -1, np.int32)]),
            episode_r=np.concatenate([episode_r, used + center_r]).astype(np.int32),
            hyperparameters=hp,
            key=key,
            scale_bp=None if self._scale is None else self._scale[None],
        )

    def _episode_rows(self, candidate_r: I32, pair_r: I32) -> tuple[I32, int]:
        """Reset streams of the candidates' rows, and the first stream that none of them uses."""
        repeat_r = np.arange(candidate_r.size, dtype=np.int32) % self._episodes
        if self._crn == "population":
            return repeat_r, self._episodes
        group_r = pair_r if self._crn == "pair" else candidate_r
        return group_r * np.int32(self._episodes) + repeat_r, (int(group_r[-1]) + 1) * self._episodes

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the centre `tell` would leave at `hp` (the population's own when None). State unchanged."""
        return self._next(population, batch, hp)[0]

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Take one step.

        Raises:
            ValueError: every candidate failed, or the batch answers another number of rows.
        """
        returns_n, failed_n = self._by_candidate(population, batch.returns_r, batch.failed_r)
        theta, state = self._next(population, batch, None)
        norm = float(np.linalg.norm(theta - self._theta))
        self._theta, self._optimizer_state = theta, state
        survivors = returns_n[~failed_n]
        center_r = population.candidate_r < 0
        return StrategyReport(
            mean_return=float(survivors.mean()),
            max_return=float(survivors.max()),
            center_return=float(batch.returns_r[center_r].mean()) if center_r.any() else math.nan,
            returns_n=returns_n,
            failed_n=failed_n,
            update_norm=norm,
            longest_episode=int(batch.lengths_r.max()),
        )

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None) -> tuple[F32, Arrays]:
        hp = population.hyperparameters if hp is None else self._complete(hp)
        fitness_r = batch.returns_r - hp["alive_offset"] * batch.lengths_r
        if batch.entropy_r is not None:
            fitness_r = fitness_r + hp["entropy_weight"] * batch.entropy_r
        fitness_n, failed_n = self._by_candidate(population, fitness_r, batch.failed_r)
        weight_n = self._shape(fitness_n, failed_n, self._pairs_kept(fitness_n.size // 2))
        direction = self._direction(population, weight_n)
        if hp["weight_decay"] != 0.0:
            direction = direction - np.float32(hp["weight_decay"]) * self._theta
        step, state = self._optimize(self._optimizer_state, direction, hp["learning_rate"], hp["momentum"])
        return self._theta + step, state

    def _pairs_kept(self, pairs: int) -> int:
        """`top`, or the same share of a population of another size."""
        return pairs if self._top is None else max(1, round(self._top * pairs / (self._population // 2)))

    def _direction(self, population: Population, weight_n: F32) -> F32:
        """(P,) sum of weight * sign * eps; pairs share their noise, so each row of noise is made once."""
        first_n = np.searchsorted(population.candidate_r[population.candidate_r >= 0], np.arange(weight_n.size))
        signed_n = weight_n.astype(np.float64) * population.sign_r[first_n]
        rows, position_n = np.unique(population.noise_r[first_n], return_inverse=True)
        weights: F64 = np.bincount(position_n, weights=signed_n).astype(np.float64)
        if self._raw:
            weights = weights / float(population.sigma_r[0])
        direction = kernels.gradient(
            population.key,
            rows.astype(np.uint32),
            weights.astype(np.float32),
            self._theta.size,
            pool=self._pool,
        )
        return direction if self._scale is None else direction * self._scale

    def _by_candidate(self, population: Population, value_r: F64, failed_r: Bool) -> tuple[F64, Bool]:
        """(N,) the mean over a candidate's episodes, and whether any of them failed."""
        if value_r.shape[0] != population.rows:
            raise ValueError(f"the batch answers {value_r.shape[0]} rows, the population has {population.rows}")
        own_r = population.candidate_r >= 0
        candidate_r = population.candidate_r[own_r]
        count_n = np.bincount(candidate_r)
        mean_n = np.bincount(candidate_r, weights=value_r[own_r]) / count_n
        return mean_n, np.bincount(candidate_r, weights=failed_r[own_r]) > 0

    def _complete(self, hp: Hyperparameters) -> Hyperparameters:
        """Every declared hyperparameter, checked; ValueError names one that is unknown or out of range."""
        for name in hp:
            lookup("hyperparameter of this strategy", name, self.declared)
        return Hyperparameters(
            **{name: spec.check(name, hp.get(name, spec.default)) for name, spec in self.declared.items()}
        )

    def state(self) -> Arrays:
        """The centre and the optimizer's arrays, copied."""
        arrays: Arrays = {"mean": self._theta.copy()}
        arrays.update({f"optimizer_{name}": np.array(array) for name, array in self._optimizer_state.items()})
        return arrays

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ValueError, and nothing changed, when the arrays are not this strategy's."""
        prefix = "optimizer_"
        wanted: Arrays = {"mean": self._theta}
        if any(name.startswith(prefix) for name in arrays):  # none before the first step
            after_a_step = self._optimize({}, np.zeros_like(self._theta), 1.0, 0.5)[1]
            wanted.update({prefix + name: array for name, array in after_a_step.items()})
        if set(arrays) != set(wanted):
            raise ValueError(f"the strategy's arrays must be {sorted(wanted)}, got {sorted(arrays)}")
        for name, like in wanted.items():
            array = arrays[name]
            if array.shape != like.shape or array.dtype.kind != like.dtype.kind:
                raise ValueError(
                    f"{name} must be {like.dtype} of shape {like.shape}, got {array.dtype} of shape {array.shape}"
                )
        self._theta = _vector("mean", np.asarray(arrays["mean"], np.float32))
        self._optimizer_state = {
            name.removeprefix(prefix): np.array(array) for name, array in arrays.items() if name.startswith(prefix)
        }


def _require_even(population: int) -> int:
    if population < 2 or population % 2:
        raise ValueError(f"population must be even and at least 2 (antithetic pairs), got {population}")
    return population


def _vector(name: str, value: F32, size: int | None = None) -> F32:
    array = np.array(value, copy=True, order="C")
    if array.dtype != np.float32 or array.ndim != 1 or (size is not None and array.size != size):
        wanted = "(P,)" if size is None else f"({size},)"
        raise ValueError(f"{name} must be float32 of shape {wanted}, got {array.dtype} of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; {int((~np.isfinite(array)).sum())} of {array.size} elements are not")
    return array
