"""What antithetic strategies share: pairs around a centre, candidates' fitness, and the direction their weights name.

theta, hp, key -> Pairs.ask -> Population ... EvaluationBatch -> by_candidate -> weights (N,) -> direction (P,)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

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

CRN = ("none", "pair", "population")


@dataclass(frozen=True, slots=True)
class Pairs:
    """How a generation is laid out: candidates 2i and 2i + 1 are theta +- sigma * scale * eps(i).

    Attributes:
        population: N candidates, even.
        crn: common random numbers: which candidates share reset and action noise: "none", "pair" or "population".
        episodes: episodes whose mean is a candidate's return.
        center_episodes: rows that run the centre itself, for reports and the history; no weight in the update.

    Raises:
        ValueError: an odd or too small population, an unknown name (the nearest is offered), a count below its least.
    """

    population: int = 64
    crn: str = "pair"
    episodes: int = 1
    center_episodes: int = 0

    def __post_init__(self) -> None:
        require_even(self.population)
        if self.crn not in CRN:
            lookup("kind of common random numbers", self.crn, dict.fromkeys(CRN))
        if self.episodes < 1 or self.center_episodes < 0:
            raise ValueError(
                "episodes_per_candidate must be at least 1 and center_episodes at least 0, "
                f"got {self.episodes} and {self.center_episodes}"
            )

    def ask(
        self,
        theta: F32,
        hp: Hyperparameters,
        key: NoiseKey,
        candidates: int | None = None,
        scale: F32 | None = None,
    ) -> Population:
        """The rows of every candidate, then the centre's when `candidates` is not given.

        `scale` (P,) is the per-parameter factor of hp.sigma, None for ones.
        """
        count = self.population if candidates is None else require_even(candidates)
        center = self.center_episodes if candidates is None else 0
        candidate_r = np.repeat(np.arange(count, dtype=np.int32), self.episodes)
        pair_r = candidate_r // 2
        episode_r, used = self._episode_rows(candidate_r, pair_r)
        center_r = np.arange(center, dtype=np.int32)
        rows = candidate_r.size + center
        return Population(
            base_bp=theta[None].copy(),
            base_r=np.zeros(rows, np.int32),
            sigma_r=np.full(rows, hp["sigma"], np.float32),
            noise_r=np.concatenate([pair_r, np.zeros(center, np.int32)]),
            sign_r=np.concatenate([1 - 2 * (candidate_r % 2), np.zeros(center)]).astype(np.int8),
            candidate_r=np.concatenate([candidate_r, np.full(center, -1, np.int32)]),
            episode_r=np.concatenate([episode_r, used + center_r]).astype(np.int32),
            hyperparameters=hp,
            key=key,
            scale_bp=None if scale is None else scale[None].copy(),
        )

    def _episode_rows(self, candidate_r: I32, pair_r: I32) -> tuple[I32, int]:
        """Reset streams of the candidates' rows, and the first stream that none of them uses."""
        repeat_r = np.arange(candidate_r.size, dtype=np.int32) % self.episodes
        if self.crn == "population":
            return repeat_r, self.episodes
        group_r = pair_r if self.crn == "pair" else candidate_r
        return group_r * np.int32(self.episodes) + repeat_r, (int(group_r[-1]) + 1) * self.episodes


def by_candidate(population: Population, value_r: F64, failed_r: Bool) -> tuple[F64, Bool]:
    """(N,) the mean over a candidate's episodes, and whether any of them failed.

    Raises:
        ValueError: the values answer another number of rows.
    """
    if value_r.shape[0] != population.rows:
        raise ValueError(f"the batch answers {value_r.shape[0]} rows, the population has {population.rows}")
    own_r = population.candidate_r >= 0
    candidate_r = population.candidate_r[own_r]
    mean_n = np.bincount(candidate_r, weights=value_r[own_r]) / np.bincount(candidate_r)
    return mean_n, np.bincount(candidate_r, weights=failed_r[own_r]) > 0


def fitness(population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> tuple[F64, Bool]:
    """(N,) return + entropy_weight * entropy - alive_offset * length, where hp has these; and who failed."""
    fitness_r = batch.returns_r - hp.get("alive_offset", 0.0) * batch.lengths_r
    if batch.entropy_r is not None:
        fitness_r = fitness_r + hp.get("entropy_weight", 0.0) * batch.entropy_r
    return by_candidate(population, fitness_r, batch.failed_r)


def direction(population: Population, weight_n: F32, pool: kernels.ThreadPool | None = None) -> F32:
    """(P,) sum of weight * sign * eps over the candidates; pairs share their noise, so each row is made once."""
    first_n = np.searchsorted(population.candidate_r[population.candidate_r >= 0], np.arange(weight_n.size))
    signed_n = weight_n.astype(np.float64) * population.sign_r[first_n]
    rows, position_n = np.unique(population.noise_r[first_n], return_inverse=True)
    weights = np.bincount(position_n, weights=signed_n).astype(np.float32)
    size = population.base_bp.shape[1]
    return kernels.gradient(population.key, rows.astype(np.uint32), weights, size, pool=pool)


def report(population: Population, batch: EvaluationBatch, update_norm: float) -> StrategyReport:
    """What one `tell` did."""
    returns_n, failed_n = by_candidate(population, batch.returns_r, batch.failed_r)
    survivors = returns_n[~failed_n]
    center_r = population.candidate_r < 0
    return StrategyReport(
        mean_return=float(survivors.mean()),
        max_return=float(survivors.max()),
        center_return=float(batch.returns_r[center_r].mean()) if center_r.any() else math.nan,
        returns_n=returns_n,
        failed_n=failed_n,
        update_norm=update_norm,
        longest_episode=int(batch.lengths_r.max()),
    )


def complete(hp: Hyperparameters, declared: Mapping[str, HyperparameterSpec]) -> Hyperparameters:
    """Every declared hyperparameter, checked; ValueError names one that is unknown or out of range."""
    for name in hp:
        lookup("hyperparameter of this strategy", name, declared)
    return Hyperparameters(**{name: spec.check(name, hp.get(name, spec.default)) for name, spec in declared.items()})


def require_even(population: int) -> int:
    """`population`; ValueError unless it is even and at least 2."""
    if population < 2 or population % 2:
        raise ValueError(f"population must be even and at least 2 (antithetic pairs), got {population}")
    return population


def vector(name: str, value: F32, size: int | None = None) -> F32:
    """A copy of a finite float32 vector (P,), of this size if one is given; else ValueError."""
    array = np.array(value, copy=True, order="C")
    if array.dtype != np.float32 or array.ndim != 1 or (size is not None and array.size != size):
        wanted = "(P,)" if size is None else f"({size},)"
        raise ValueError(f"{name} must be float32 of shape {wanted}, got {array.dtype} of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; {int((~np.isfinite(array)).sum())} of {array.size} elements are not")
    return array


def require_arrays(arrays: Arrays, like: Arrays) -> None:
    """ValueError unless `arrays` has the names, shapes and kinds of `like`: what `load` checks before it changes."""
    if set(arrays) != set(like):
        raise ValueError(f"the strategy's arrays must be {sorted(like)}, got {sorted(arrays)}")
    for name, wanted in like.items():
        array = arrays[name]
        if array.shape != wanted.shape or array.dtype.kind != wanted.dtype.kind:
            raise ValueError(
                f"{name} must be {wanted.dtype} of shape {wanted.shape}, got {array.dtype} of shape {array.shape}"
            )
