"""What antithetic strategies share: pairs around a centre, candidates' fitness, and the direction their weights name.

theta, hp, key -> Pairs.ask -> Population ... EvaluationBatch -> fitness -> weights (N,) -> direction (P,) -> next state
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast import finite, kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.finite import mean_of_groups
from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    Bool,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.public import public
from bierl_fast.strategy.checks import complete, require_arrays, require_finite, scales, vector
from bierl_fast.strategy.evolution_path import SCALARS, EvolutionPath
from bierl_fast.strategy.optimizer import Optimizer
from bierl_fast.strategy.pairs import Pairs
from bierl_fast.strategy.riders import injected, told_in
from bierl_fast.strategy.signals import noise_std, odd_share, step_ratio
from bierl_fast.turns import TakesTurns

LAST_STEP = "last_step"  # in the state of a strategy whose riders stand along it
ALIVE_OFFSET = HyperparameterSpec(default=0.0, low=-math.inf, scale="linear", adaptable=False)


@public
class Antithetic(TakesTurns, ABC, called="strategy"):
    """A strategy whose next state is a pure function of its state and one evaluated population.

    A strategy of its own gives `declared` and `_next`. The state is arrays by name, "mean" (P,) and the path's among
    them (evolution_path.py).

    Args:
        mean: (P,) float32, where the search starts; copied.
        pairs: how a generation is laid out.
        scale: (P,) per-parameter factor of sigma, or None for ones.
        pool: a kernels.ThreadPool that shares sums over noise out; the bits stay the same.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        public(cls)

    declared: Mapping[str, HyperparameterSpec]
    _starting_entropy: float | None = None  # see row_fitness

    def __init__(
        self, mean: F32, pairs: Pairs, scale: F32 | None = None, pool: kernels.ThreadPool | None = None
    ) -> None:
        """See the class."""
        theta = vector("mean", mean)
        self._state: Arrays = {"mean": theta, **EvolutionPath.start(theta.size).arrays()}
        if pairs.along_step:
            self._state[LAST_STEP] = np.zeros_like(theta)
        self._pairs = pairs
        self._scale = scales(scale, theta.size)
        self._pool = pool

    @property
    def mean(self) -> F32:
        """(P,) the centre; a copy."""
        return self._theta.copy()

    @property
    def _theta(self) -> F32:
        return np.asarray(self._state["mean"], np.float32)

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Pairs (2i, 2i+1) = theta +- sigma * scale * eps(i), then the centre's rows without `candidates`. Pure."""
        asked = self._pairs.ask(self._theta, complete(hp, self.declared), key, candidates, self._scale)
        return self._pairs.board(asked, self._last_step, candidates)

    @property
    def _last_step(self) -> F32 | None:
        return np.asarray(self._state[LAST_STEP], np.float32) if self._pairs.along_step else None

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the centre `tell` would leave at `hp` (the population's own when None). State unchanged."""
        hp = complete(population.hyperparameters if hp is None else hp, self.declared)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(self._next(population, batch, hp)["mean"], np.float32)

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Take one step.

        Raises:
            ArgumentError: every candidate failed, or the batch answers another number of rows.
            DivergedError: the step leaves parameters that are not finite; the state stays.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # `_taken` says what came of it
            following = self._next(population, batch, complete(population.hyperparameters, self.declared))
        return self._taken(following, population, batch)

    def _taken(self, following: Arrays, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """The report of the step to the state `following`, which is the state from here on."""
        theta = np.asarray(following["mean"], np.float32)
        require_finite(theta, population.hyperparameters, population.key.generation)
        before, self._state = self._theta, following
        path = EvolutionPath.of(following)
        with np.errstate(over="ignore"):
            step = self._theta - before
            moved = float(np.linalg.norm(step))
        if self._pairs.along_step:
            self._state = {**following, LAST_STEP: step}
        told = path.told_in(report(population, batch, moved))
        if population.riders_n is None:
            return told
        climbed = fitness(population, batch, population.hyperparameters, self._starting_entropy)
        return told_in(told, population, *climbed)

    def objective(self, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
        """(R,) each row's fitness."""
        return row_fitness(batch, hp, self._starting_entropy)

    @abstractmethod
    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        """The state that `tell` would leave at `hp`, every hyperparameter given; changes nothing."""

    def _ascent(self, population: Population, weight_n: F32) -> tuple[F32, Arrays]:
        """(P,) sum of weight * sign * scale * eps and of what riders add, and the path's arrays of the next state."""
        found = direction(population, weight_n, self._pool)
        return found.scaled_p, EvolutionPath.of(self._state).along(found.noise_p, found.weight_k).arrays()

    def state(self) -> Arrays:
        """Everything needed to continue, copied."""
        return {name: np.array(array) for name, array in self._state.items()}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when the arrays are not this strategy's."""
        like = self._like(arrays)
        require_arrays(arrays, like, loose=(SCALARS,))
        EvolutionPath.require(arrays)
        self._require(arrays)
        saved = {name: np.array(array, like[name].dtype) for name, array in arrays.items()}
        self._state = {**EvolutionPath.start(self._theta.size).arrays(), **saved}

    def _require(self, arrays: Arrays) -> None:
        """ArgumentError for values in arrays that fit which this strategy does not come to."""
        Optimizer.require(arrays)

    def _like(self, arrays: Arrays) -> Arrays:
        """Arrays such as `state` gives, for `load` to compare with."""
        kept = {LAST_STEP: self._theta} if self._pairs.along_step else {}
        return {"mean": self._theta, **kept, **EvolutionPath.start(self._theta.size).saved_in(arrays)}


def by_candidate(population: Population, value_r: F64, failed_r: Bool) -> tuple[F64, Bool]:
    """(N,) the mean over a candidate's episodes, and whether any of them failed.

    Raises:
        ArgumentError: the values answer another number of rows.
    """
    if value_r.shape[0] != population.rows:
        raise ArgumentError(f"the batch answers {value_r.shape[0]} rows, the population has {population.rows}")
    own_r = population.candidate_r >= 0
    candidate_r = population.candidate_r[own_r]
    return mean_of_groups(value_r[own_r], candidate_r), np.bincount(candidate_r, weights=failed_r[own_r]) > 0


def all_failed(population: Population, batch: EvaluationBatch) -> bool:
    """Whether no candidate is left to learn from: one counts as failed when any of its episodes failed."""
    _, failed_n = by_candidate(population, batch.returns_r, batch.failed_r)
    return bool(failed_n.all())


def fitness(
    population: Population, batch: EvaluationBatch, hp: Hyperparameters, starting_entropy: float | None = None
) -> tuple[F64, Bool]:
    """(N,) the mean of `row_fitness` over each candidate's episodes; and who failed."""
    return by_candidate(population, row_fitness(batch, hp, starting_entropy), batch.failed_r)


def row_fitness(batch: EvaluationBatch, hp: Hyperparameters, starting_entropy: float | None = None) -> F64:
    """(R,) return + entropy_weight * entropy - alive_offset * length, where hp has these.

    Entropy is the mean over steps, relative to the starting policy's; given `starting_entropy`, which is that
    policy's own in nats a step, the sum over steps of the policy's differential entropy.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        fitness_r = _row_fitness(batch, hp, starting_entropy)
    lost_r = np.isfinite(batch.returns_r) & ~batch.failed_r & ~np.isfinite(fitness_r)
    if lost_r.any():
        weights = {name: hp[name] for name in ("alive_offset", "entropy_weight") if hp.get(name, 0.0)}
        raise ArgumentError(
            f"the fitness of {int(lost_r.sum())} of {lost_r.size} episodes is beyond what a number holds, with "
            f"{', '.join(f'{name} {value:g}' for name, value in weights.items())}; lower what weighs so much",
            weights,
        )
    return fitness_r


def _row_fitness(batch: EvaluationBatch, hp: Hyperparameters, starting_entropy: float | None) -> F64:
    fitness_r = batch.returns_r - hp.get("alive_offset", 0.0) * batch.lengths_r
    if batch.entropy_r is not None:
        entropy_r = batch.entropy_r
        if starting_entropy is not None:
            entropy_r = (entropy_r + starting_entropy) * batch.lengths_r
        fitness_r = fitness_r + hp.get("entropy_weight", 0.0) * entropy_r
    return fitness_r


def losses(population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
    """(N,) minus fitness, a failed candidate's above all others: for optimizers of other libraries, which minimise.

    Raises:
        ArgumentError: every candidate failed, a fitness that did not fail is not finite, or another number of rows.
    """
    fitness_n, failed_n = fitness(population, batch, hp)
    if failed_n.all():
        raise ArgumentError(f"all {failed_n.size} candidates failed; lower sigma, or look at the task")
    if not np.isfinite(fitness_n[~failed_n]).all():
        raise ArgumentError("a fitness is not finite and not marked as failed; mark it as failed")
    worst = -float(fitness_n[~failed_n].min())
    return np.where(failed_n, min(worst + max(1.0, abs(worst)), finite.LARGEST), -fitness_n)


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """The sum of weight * sign * eps over candidates who share one centre and its scale."""

    noise_p: F32  # (P,)
    weight_k: F32  # (K,) what each noise row in use was summed with: u+ - u- of a pair
    scaled_p: F32  # (P,) the sum times the per-parameter scale, and what riders along the last step add


def direction(population: Population, weight_n: F32, pool: kernels.ThreadPool | None = None) -> Direction:
    """Where the candidates' weights point; pairs share their noise, so each row is made once."""
    added_p = injected(population, weight_n)
    rows, weight_k = _by_noise_row(population, weight_n.astype(np.float64) * population.sign_r[first_rows(population)])
    noise_p = kernels.gradient(population.key, rows, weight_k, population.base_bp.shape[1], pool=pool)
    scaled_p = noise_p if population.scale_bp is None else noise_p * population.scale_bp[0]
    if added_p is not None:
        scaled_p = scaled_p + added_p
    return Direction(noise_p, weight_k, scaled_p)


def decayed(ascent: F32, theta: F32, hp: Hyperparameters) -> F32:
    """(P,) `ascent` less weight_decay * theta."""
    return ascent if hp["weight_decay"] == 0.0 else ascent - np.float32(hp["weight_decay"]) * theta


def scale_direction(population: Population, weight_n: F32, pool: kernels.ThreadPool | None = None) -> F32:
    """(P,) sum of weight * (eps^2 - 1) over the candidates: where the logarithm of each parameter's scale should go."""
    drawn_n = population.sign_r[first_rows(population)] != 0
    rows, weights = _by_noise_row(population, weight_n.astype(np.float64) * drawn_n)
    return kernels.scale_gradient(population.key, rows, weights, population.base_bp.shape[1], pool=pool)


def first_rows(population: Population) -> NDArray[np.intp]:
    """(N,) each candidate's first row."""
    return np.searchsorted(population.candidate_r[population.candidate_r >= 0], np.arange(population.candidates))


def _by_noise_row(population: Population, weight_n: F64) -> tuple[NDArray[np.uint32], F32]:
    """The noise rows in use (K,), and the sum of the candidates' weights on each."""
    rows, position_n = np.unique(population.noise_r[first_rows(population)], return_inverse=True)
    return rows.astype(np.uint32), np.bincount(position_n, weights=weight_n).astype(np.float32)


def report(population: Population, batch: EvaluationBatch, update_norm: float) -> StrategyReport:
    """What one `tell` did."""
    returns_n, failed_n = by_candidate(population, batch.returns_r, batch.failed_r)
    survivors, first_row_n = returns_n[~failed_n], first_rows(population)
    return StrategyReport(
        mean_return=float(finite.mean(survivors)),
        max_return=float(survivors.max()),
        center_return=mean_return(batch, population.candidate_r < 0),
        returns_n=returns_n,
        failed_n=failed_n,
        update_norm=update_norm,
        longest_episode=int(batch.lengths_r.max()),
        odd_share=odd_share(population, first_row_n, returns_n, failed_n),
        step_ratio=step_ratio(population, update_norm),
        noise_std=noise_std(population, first_row_n),
    )


def mean_return(batch: EvaluationBatch, chosen_r: Bool) -> float:
    """Of the chosen rows that did not fail; NaN where there is none."""
    finished_r = chosen_r & ~batch.failed_r
    return float(finite.mean(batch.returns_r[finished_r])) if finished_r.any() else math.nan
