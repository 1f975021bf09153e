"""A task without a simulator: the return of a row is minus its squared distance from (1, ..., 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, EvaluationBatch, Hyperparameters, NoiseKey, Population
from bierl_fast.strategy.base import Strategy

P = 70  # more than a tile of noise


def parameters(population: Population, row: int) -> F32:
    base = int(population.base_r[row])
    scale = None if population.scale_bp is None else population.scale_bp[base]
    sigma, sign = float(population.sigma_r[row]), int(population.sign_r[row])
    return kernels.perturb(
        population.base_bp[base], sigma, population.key, int(population.noise_r[row]), sign, scale=scale
    )


def evaluate(population: Population, failed: tuple[int, ...] = ()) -> EvaluationBatch:
    """Lengths 10, 11, 12, 10, ...; entropy from 0 to 0.6; `failed` rows answer NaN.

    The behavior is the return, none below that of zeros: what is new lies ahead, so that novelty climbs, too.
    """
    rows = range(population.rows)
    returns_r = np.array([-float(((parameters(population, row) - 1.0) ** 2).sum()) for row in rows])
    failed_r = np.isin(np.arange(population.rows), failed)
    returns_r[failed_r] = np.nan
    return EvaluationBatch(
        returns_r=returns_r,
        lengths_r=(10 + np.arange(population.rows) % 3).astype(np.int32),
        failed_r=failed_r,
        behaviour_rd=np.maximum(returns_r, -float(population.base_bp.shape[1]))[:, None],
        entropy_r=np.arange(population.rows, dtype=np.float64) % 7 / 10,
        key=population.key,
    )


def key(generation: int) -> NoiseKey:
    return NoiseKey(11, generation)


def train(strategy: Strategy, hp: Hyperparameters, generations: range) -> None:
    for generation in generations:
        population = strategy.ask(hp, key(generation))
        strategy.tell(population, evaluate(population))


def assert_same_state(one: Strategy, other: Strategy) -> None:
    ours, theirs = one.state(), other.state()
    assert set(ours) == set(theirs)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def assert_same_population(one: Population, other: Population) -> None:
    assert (one.key, one.hyperparameters) == (other.key, other.hyperparameters)
    for name in ("base_bp", "base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r", "scale_bp"):
        ours: Any = getattr(one, name)
        np.testing.assert_array_equal(ours, getattr(other, name), err_msg=name)
