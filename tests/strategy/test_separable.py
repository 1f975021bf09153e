"""The strategies `pgpe` and `snes`: one update against its formula, and what happens to sigma, level and scale."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key, train
from reference import es as reference
from reference import shaping

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Arrays, Hyperparameters, Population
from bierl_fast.strategy.pgpe import ParameterExploringGradients
from bierl_fast.strategy.separable import WIDEST
from bierl_fast.strategy.snes import SeparableNES

START: F32 = np.linspace(-1, 2, P).astype(np.float32)
SCALE: F32 = np.geomspace(0.25, 8, P).astype(np.float32)  # of geometric mean sqrt(2)
NAMES = ["pgpe", "snes"]


def deviations(state: Arrays, sigma: float) -> F64:
    """(P,) sigma_p."""
    return sigma * np.asarray(state["scale"], np.float64) * float(np.asarray(state["level"], np.float64)[0])


def noise_of(population: Population) -> F64:
    """(N, P) sign * eps of each candidate's first row."""
    rows = [int(np.argmax(population.candidate_r == n)) for n in range(population.candidates)]
    return np.stack(
        [
            float(population.sign_r[r])
            * kernels.normals(population.key, int(population.noise_r[r]), P).astype(np.float64)
            for r in rows
        ]
    )


def test_one_update_of_snes() -> None:
    """theta += eta sigma_p sum(u eps), sigma_p *= exp(eta_s / 2 sum(u (eps^2 - 1))), with the default eta_s."""
    strategy = SeparableNES(mean=START, population=10, scale=SCALE, episodes_per_candidate=2, center_episodes=1)
    hp = Hyperparameters(sigma=0.3, learning_rate=0.7, alive_offset=0.5)
    for generation in range(3):
        before, mean = deviations(strategy.state(), 0.3), strategy.mean
        population = strategy.ask(hp, key(generation))
        batch = evaluate(population, failed=(4,))
        u = shaping.log_rank(*reference.candidate_values(population, batch, 0.5))
        eps = noise_of(population)
        strategy.tell(population, batch)
        rate = (3 + math.log(P)) / (5 * math.sqrt(P))
        # float32 sums of ten terms, and a float32 scale.
        np.testing.assert_allclose(strategy.mean, mean + 0.7 * before * (u @ eps), rtol=0, atol=2e-6)
        wider = before * np.exp(0.5 * rate * (u @ (eps**2 - 1)))
        np.testing.assert_allclose(deviations(strategy.state(), 0.3), wider, rtol=2e-6)
    assert np.abs(np.log(wider / before)).max() > 0.1


@pytest.mark.parametrize("shape", ["centered_rank", "log_rank", "raw"])
def test_one_update_of_pgpe(shape: str) -> None:
    """Sehnke's symmetric estimates written out by pairs, Toklu's bound of 20 %; the plain step shows the gradient."""
    strategy = ParameterExploringGradients(mean=START, population=10, scale=SCALE, shaping=shape, optimizer="gradient")
    hp = Hyperparameters(sigma=0.3, learning_rate=0.7, scale_learning_rate=0.4)
    population = strategy.ask(hp, key(0))
    batch = evaluate(population)
    values = reference.weights(shape, *reference.candidate_values(population, batch, 0.0), 5)
    plus, minus = (10 * values).reshape(5, 2).T  # N times a weight is the paper's F, whose mean b is zero
    eps = noise_of(population)[::2]
    before = deviations(strategy.state(), 0.3)
    factor = SCALE / np.exp(np.log(SCALE).mean(dtype=np.float64))
    over = float(population.sigma_r[0]) if shape == "raw" else 1.0
    strategy.tell(population, batch)
    expected = START + 0.7 * factor * np.mean((plus - minus)[:, None] / 2 * eps, axis=0) / over
    # float32 sums of ten terms; returns are tens, and `raw` weights with them.
    tolerance = 2e-5 if shape == "raw" else 2e-6
    np.testing.assert_allclose(strategy.mean, expected, rtol=0, atol=tolerance)
    change = np.mean((plus + minus)[:, None] / 2 * (eps**2 - 1), axis=0)
    wider = before * (1 + np.clip(0.4 * change, -0.2, 0.2))
    np.testing.assert_allclose(deviations(strategy.state(), 0.3), wider, rtol=5e-6)
    assert np.abs(wider / before - 1).max() > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_geometric_mean_one_and_a_sigma_that_stays_the_users(name: str) -> None:
    strategy = bf.make_strategy(name, mean=START, population=16, scale=SCALE)
    assert float(np.asarray(strategy.state()["level"], np.float64)[0]) == pytest.approx(math.sqrt(2), rel=1e-6)
    hp = Hyperparameters(sigma=2.0, learning_rate=0.1)
    train(strategy, hp, range(150))
    state = strategy.state()
    assert abs(np.log(state["scale"], dtype=np.float64).mean()) < 1e-6  # a float32 scale
    level = float(np.asarray(state["level"], np.float64)[0])
    assert level < 1.2  # it began far too wide for a sphere of radius sqrt(70)
    population = strategy.ask(hp, key(999))
    assert population.hyperparameters["sigma"] == 2.0
    assert float(population.sigma_r[0]) == pytest.approx(2.0 * level, rel=1e-6)  # rounded to float32
    twice = strategy.ask(Hyperparameters(sigma=4.0), key(999))
    np.testing.assert_array_equal(twice.sigma_r, 2 * population.sigma_r)


@pytest.mark.parametrize("name", NAMES)
def test_a_valley_gets_scales_of_its_own(name: str) -> None:
    """Minus sum of (c theta)^2 with c = 1 and 10: the steep half must come out narrower."""
    strategy = bf.make_strategy(name, mean=np.ones(P, np.float32), population=32)
    steep = np.where(np.arange(P) < P // 2, 10.0, 1.0)
    hp = Hyperparameters(sigma=0.1, scale_learning_rate=0.5 if name == "snes" else 4.0)
    for generation in range(60):
        population = strategy.ask(hp, key(generation))
        theta = population.base_bp[0] + population.sigma_r[:1] * np.asarray(population.scale_bp)[0] * noise_of(
            population
        )
        returns_r = -((steep * theta) ** 2).sum(axis=1)
        strategy.tell(population, replace(evaluate(population), returns_r=returns_r, entropy_r=None))
    scale = np.asarray(strategy.state()["scale"], np.float64)
    assert np.median(scale[: P // 2]) < 0.8 * np.median(scale[P // 2 :])


@pytest.mark.parametrize("name", NAMES)
def test_equal_returns_change_nothing(name: str) -> None:
    strategy = bf.make_strategy(name, mean=START, population=8, scale=SCALE)
    population = strategy.ask(Hyperparameters(), key(0))
    before = strategy.state()
    strategy.tell(population, replace(evaluate(population), returns_r=np.full(8, 2.0), entropy_r=None))
    np.testing.assert_array_equal(strategy.mean, START)
    # Through a logarithm and back.
    np.testing.assert_allclose(deviations(strategy.state(), 1.0), deviations(before, 1.0), rtol=1e-6)


def test_no_scale_runs_away() -> None:
    """A made-up return that wants one parameter ever wider, the others ever narrower."""
    strategy = SeparableNES(mean=START, population=8)
    hp = Hyperparameters(scale_learning_rate=30.0)
    for generation in range(60):
        population = strategy.ask(hp, key(generation))
        eps = noise_of(population)
        returns_r = eps[:, 0] ** 2 - (eps[:, 1:] ** 2).sum(axis=1)
        strategy.tell(population, replace(evaluate(population), returns_r=returns_r, entropy_r=None))
    log_p = np.log(deviations(strategy.state(), 1.0))
    assert np.isfinite(log_p).all()
    assert log_p.max() > 0.9 * WIDEST
    assert log_p.min() < -0.9 * WIDEST
    assert np.isfinite(strategy.ask(hp, key(99)).sigma_r).all()


def test_default_learning_rates() -> None:
    small, large = (ParameterExploringGradients(mean=np.zeros(size, np.float32)) for size in (100, 10_000))
    rates = [strategy.declared["learning_rate"].default for strategy in (small, large)]
    assert rates == pytest.approx([0.02 * 10 * 4 / 30, 0.02 * 100 * 4 / 30], rel=1e-12)
    assert SeparableNES(mean=START).declared["learning_rate"].default == 1.0


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "pgpe",
        {"shaping": "standardized"},
        "no shaping whose weights sum to zero named 'standardized'; known: centered_r",
    ),
    ("pgpe", {"optimizer": "clipupp"}, "no optimizer named 'clipupp'.*did you mean 'clipup'"),
    ("pgpe", {"scale": np.zeros(P, np.float32)}, "scale must be above 0, got 0.0"),
    ("snes", {"scale": -SCALE}, "scale must be above 0, got -8.0"),
    ("snes", {"population": 7}, "population must be even"),
]


@pytest.mark.parametrize(("name", "change", "message"), BAD)
def test_bad_arguments(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bf.make_strategy(name, mean=START, **change)
