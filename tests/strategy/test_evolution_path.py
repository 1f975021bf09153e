"""The path of cumulative step-size adaptation: against its twin, under no selection, along and across."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key
from helpers.strategies import NAMES, hp_of, make

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, EvaluationBatch, Hyperparameters, Population
from bierl_fast.strategy.antithetic import Antithetic
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.evolution_path import EvolutionPath
from bierl_fast.strategy.shaping import SHAPINGS

SCALE = np.linspace(0.5, 2, P).astype(np.float32)


def slow_path(generations: list[tuple[Population, F64]]) -> tuple[F64, float, float]:
    """EvolutionPath, ratio and rate from the formulas, pair by pair, in float64."""
    path, variance, rate = np.zeros(P), 0.0, 0.0
    for population, weight_n in generations:
        w_k = weight_n[0::2] - weight_n[1::2]
        z = np.zeros(P)
        for pair, w in enumerate(w_k):
            z += w * kernels.normals(population.key, pair, P)
        mu = np.abs(w_k).sum() ** 2 / (w_k**2).sum()
        c = (mu + 2) / (P + mu + 5)
        d = 1 + 2 * max(0.0, math.sqrt((mu - 1) / (P + 1)) - 1) + c
        path = (1 - c) * path + math.sqrt(c * (2 - c)) * z / math.sqrt((w_k**2).sum())
        variance, rate = (1 - c) ** 2 * variance + c * (2 - c), c / d
    expected = math.sqrt(2) * math.gamma((P + 1) / 2) / math.gamma(P / 2)
    return path, float(np.linalg.norm(path)) / (expected * math.sqrt(variance)), rate


@pytest.mark.parametrize("shaping", sorted(SHAPINGS))
def test_equals_its_twin(shaping: str) -> None:
    """Whatever the scale of weights and parameters: the path is in units of noise."""
    top = 3 if shaping == "standardized" else None
    strategy = EvolutionStrategy(
        mean=np.zeros(P, np.float32), population=10, shaping=shaping, top=top, scale=SCALE, center_episodes=1
    )
    told: list[tuple[Population, F64]] = []
    for generation in range(6):
        population = strategy.ask(Hyperparameters(sigma=0.1), key(generation))
        batch = evaluate(population)
        report = strategy.tell(population, batch)
        weight_n = SHAPINGS[shaping](batch.returns_r[:10].copy(), np.zeros(10, np.bool_), 3)
        told.append((population, weight_n.astype(np.float64)))
        path, ratio, rate = slow_path(told)
        # Sums of 5 float32 products, six times over: elements of about 1 rounded to 2**-24 some 30 times.
        np.testing.assert_allclose(np.asarray(strategy.state()["path"], np.float64), path, rtol=0, atol=3e-6)
        assert (report.path_ratio, report.path_rate) == pytest.approx((ratio, rate), rel=1e-6)


@pytest.mark.parametrize(("pairs", "back", "sign"), [(4, -0.5, -1.0), (4, 0.5, 1.0), (3, -0.5, 1.0)])
def test_a_long_path_that_turns_back_shrinks_where_pairs_are_as_many_as_parameters(
    pairs: int, back: float, sign: float
) -> None:
    weight_k = np.full(pairs, 0.1, np.float32)
    first = EvolutionPath.start(4).along(np.array([5.0, 0.0, 0.0, 0.0], np.float32), weight_k)
    second = first.along(np.array([back, 5.0, 0.0, 0.0], np.float32), weight_k)
    assert second.ratio > 1.0
    assert np.sign(second.alignment) == np.sign(back)
    assert first.rate > 0.0
    assert second.rate == sign * first.rate


def random_returns(population: Population, rng: np.random.Generator) -> EvaluationBatch:
    batch = evaluate(population)
    return replace(
        batch, returns_r=rng.normal(size=population.rows), behaviour_rd=rng.normal(size=(population.rows, 2))
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cmaes"])
def test_no_selection_gives_a_ratio_of_one(name: str) -> None:
    """From the first generation on, by chance within 1 / sqrt(2 P) = 8.5 % each; cmaes has no path."""
    strategy, rng, ratios = make(name), np.random.default_rng(3), []
    hp = hp_of(name).replace(sigma=1e-3)
    for generation in range(60):
        population = strategy.ask(hp, key(generation))
        ratios.append(strategy.tell(population, random_returns(population, rng)).path_ratio)
    assert np.abs(np.array(ratios) - 1.0).max() < 6 * 0.085
    # Neighbours share most of their path: about one in ten is independent, and there are three paths at most.
    assert abs(np.mean(ratios) - 1.0) < 4 * 0.085 * math.sqrt(3 * 10 / 60)


def test_cmaes_has_no_path() -> None:
    strategy = make("cmaes")
    population = strategy.ask(hp_of("cmaes"), key(0))
    report = strategy.tell(population, evaluate(population))
    assert math.isnan(report.path_ratio)
    assert report.path_rate == 0.0


def directed(strategy: Antithetic, direction_of: F32, generations: int) -> float:
    """The ratio when returns ask for this direction, times the sign of each generation."""
    for generation in range(generations):
        population = strategy.ask(Hyperparameters(sigma=0.1), key(generation))
        returns_r = np.array(
            [float(kernels.row_parameters(population, row) @ direction_of) for row in range(population.rows)]
        )
        told = strategy.tell(population, replace(evaluate(population), returns_r=returns_r))
    return told.path_ratio


def test_one_way_is_long_and_to_and_fro_is_short() -> None:
    """All pairs' noise on one line would give sqrt(1 + ...); here it is a known mean direction against noise."""
    ahead: F32 = np.ones(P, np.float32)
    steady = EvolutionStrategy(mean=np.zeros(P, np.float32), population=64)
    assert directed(steady, ahead, 20) > 1.4
    noise, turning = np.linspace(-1, 1, P).astype(np.float32), EvolutionPath.start(P)
    for turn in range(20):
        turning = turning.along(noise * np.float32((-1) ** turn), np.ones(8, np.float32))
    same = EvolutionPath.start(P)
    for _ in range(20):
        same = same.along(noise, np.ones(8, np.float32))
    assert turning.ratio < 0.5 < same.ratio


def test_weights_of_zero_say_nothing() -> None:
    path = EvolutionPath.start(P)
    assert math.isnan(path.ratio)
    assert math.isnan(path.along(np.zeros(P, np.float32), np.zeros(4, np.float32)).ratio)
    begun = path.along(np.ones(P, np.float32), np.ones(4, np.float32))
    still = begun.along(np.zeros(P, np.float32), np.zeros(4, np.float32))
    assert (still.ratio, still.rate) == (begun.ratio, 0.0)
    assert begun.rate > 0.0


def test_a_common_factor_of_the_weights_cancels() -> None:
    noise, weights = np.linspace(-1, 3, P).astype(np.float32), np.linspace(0, 1, 6).astype(np.float32)
    paths = [EvolutionPath.start(P).along(noise * np.float32(k), weights * np.float32(k)) for k in (1.0, 1e-30, 1e30)]
    for path in paths[1:]:
        # A few roundings of float32.
        np.testing.assert_allclose(path.sum_p, paths[0].sum_p, rtol=1e-6)
        assert path.rate == pytest.approx(paths[0].rate, rel=1e-6)


@pytest.mark.parametrize("name", ["ars", "es", "esac", "meps", "pgpe", "snes"])
def test_a_state_from_before_there_were_paths_loads(name: str) -> None:
    strategy, other = make(name), make(name)
    population = strategy.ask(hp_of(name), key(0))
    strategy.tell(population, evaluate(population))
    old = {part: array for part, array in strategy.state().items() if not part.startswith("path")}
    other.load(old)
    np.testing.assert_array_equal(other.mean, strategy.mean)
    assert not other.state()["path"].any()
    with pytest.raises(ValueError, match=r"path must be float32 of shape \(70,\), got float32 of shape \(3,\)"):
        other.load({**strategy.state(), "path": np.zeros(3, np.float32)})


def test_each_centre_has_its_own_path() -> None:
    strategy = make("nsr")
    seen = {}
    for generation in range(12):
        before = strategy.state()
        population = strategy.ask(hp_of("nsr"), key(generation))
        report = strategy.tell(population, evaluate(population))
        after = strategy.state()
        for center in range(3):
            moved = (before[f"center{center}_path"] != after[f"center{center}_path"]).any()
            assert moved == (center == report.center)
        seen[report.center] = report.path_ratio
    assert len(seen) == 3
