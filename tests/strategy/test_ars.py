"""The strategy `ars`: its update against the paper's formula, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key
from reference import noise

from bierl_fast.messages import F32, Hyperparameters
from bierl_fast.strategy.ars import AugmentedRandomSearch

START: F32 = np.linspace(-1, 2, P).astype(np.float32)


@pytest.mark.parametrize("sigma", [0.05, 0.2])
def test_one_step_of_algorithm_2(sigma: float) -> None:
    """M + alpha / (b sigma_R) * sum over the b best of (r+ - r-) delta; sigma, the paper's nu, is not in it."""
    strategy = AugmentedRandomSearch(mean=START, population=12, top=2, center_episodes=1)
    hp = Hyperparameters(sigma=sigma, learning_rate=0.03, alive_offset=0.5)
    population = strategy.ask(hp, key(0))
    batch = evaluate(population)
    offset_kn = (batch.returns_r - 0.5 * batch.lengths_r)[:12].reshape(6, 2)
    best = np.argsort(-offset_kn.max(axis=1), kind="stable")[:2]
    delta_kp = np.stack([noise.normals(population.key, int(k), P).astype(np.float64) for k in best])
    gain_k = offset_kn[best, 0] - offset_kn[best, 1]
    expected = START + 0.03 / (2 * offset_kn[best].std()) * (gain_k @ delta_kp)
    strategy.tell(population, batch)
    # float32: theta up to 2, two terms of a step below 1.
    np.testing.assert_allclose(strategy.mean, expected, rtol=0, atol=1e-6)
    assert np.abs(strategy.mean - START).max() > 0.01


def test_the_level_of_the_returns_costs_no_digits() -> None:
    """A task that pays 1e8 on top is the same task; in single precision its weights alone would be 8 apart."""
    strategy = AugmentedRandomSearch(mean=START, population=12, top=4)
    population = strategy.ask(Hyperparameters(learning_rate=1.0), key(0))
    batch = evaluate(population)
    lifted = replace(batch, returns_r=batch.returns_r + 1e8)
    # Double precision keeps returns of about 100 to 1e-8 on that level; steps are of about 1, in single precision.
    np.testing.assert_allclose(strategy.stepped(population, lifted), strategy.stepped(population, batch), atol=1e-6)


def test_equal_returns_leave_the_centre() -> None:
    strategy = AugmentedRandomSearch(mean=START, population=4)
    population = strategy.ask(Hyperparameters(), key(0))
    same = replace(evaluate(population), returns_r=np.full(4, 3.0))
    np.testing.assert_array_equal(strategy.stepped(population, same), START)


def test_each_parameters_own_scale() -> None:
    """The step is along what the candidates were moved by."""
    scale = np.linspace(0.5, 2, P).astype(np.float32)
    steps = []
    for given in (None, scale):
        strategy = AugmentedRandomSearch(mean=START, population=2, scale=given)
        population = strategy.ask(Hyperparameters(learning_rate=1.0), key(0))
        batch = replace(evaluate(population), returns_r=np.array([1.0, 0.0]))
        steps.append(strategy.stepped(population, batch) - START)
    np.testing.assert_allclose(steps[1], scale * steps[0], rtol=0, atol=1e-5)  # float32 sums of a few units


BAD: list[tuple[dict[str, Any], str]] = [
    ({"population": 5}, r"population must be even and at least 2 \(antithetic pairs\), got 5"),
    ({"top": 33}, r"top must be in \[1, 32\] pairs, got 33"),
    ({"top": 0}, r"top must be in \[1, 32\] pairs, got 0"),
    ({"crn": "pairs"}, "no kind of common random numbers named 'pairs'"),
    ({"scale": np.ones(3, np.float32)}, r"scale must be float32 of shape \(70,\), got float32 of shape \(3,\)"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AugmentedRandomSearch(**{"mean": START, **change})
