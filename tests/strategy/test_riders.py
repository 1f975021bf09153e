"""Riders: where they stand, what they tell, what they add to the update; off, nothing changes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, assert_same_population, assert_same_state, evaluate, key, parameters, train
from helpers.strategies import NAMES, hp_of, make

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast.messages import F32, EvaluationBatch, Population
from bierl_fast.strategy import table
from bierl_fast.strategy.base import Strategy
from bierl_fast.strategy.riders import ALONG_STEP, NARROW, ORDINARY, WIDE, Riders, injected

CARRIERS = [name for name in NAMES if "riders" in table.options(name)]
BOTH = ("tpa", "sigma_probe")


def carrier(name: str, riders: tuple[str, ...] = BOTH, population: int = 24, **options: Any) -> Strategy:
    return make(name, population=population, riders=riders, **options)


def kinds(population: Population) -> list[int]:
    assert population.riders_n is not None
    return [int(kind) for kind in population.riders_n]


def rows_of(population: Population, kind: int) -> np.ndarray:
    assert population.riders_n is not None
    chosen = np.flatnonzero(population.riders_n == kind)
    return np.flatnonzero(np.isin(population.candidate_r, chosen))


def asked(strategy: Strategy, name: str, generation: int = 3) -> Population:
    return strategy.ask(hp_of(name), key(generation))


def center(strategy: Strategy, generation: int = 3) -> F32:
    """What the candidates of a generation are drawn around."""
    population = strategy.ask(bf.Hyperparameters(), key(generation))
    theta: F32 = population.base_bp[0]
    return theta


def test_every_antithetic_strategy_carries_them() -> None:
    assert set(NAMES) - set(CARRIERS) == {"cmaes"}


@pytest.mark.parametrize("name", CARRIERS)
def test_without_riders_nothing_is_another(name: str) -> None:
    plain, off = make(name), make(name, riders=())
    train(plain, hp_of(name), range(3))
    train(off, hp_of(name), range(3))
    assert_same_state(plain, off)
    assert_same_population(asked(plain, name), asked(off, name))
    assert asked(off, name).riders_n is None


@pytest.mark.parametrize("episodes", [1, 3])
@pytest.mark.parametrize("name", CARRIERS)
def test_where_they_stand(name: str, episodes: int) -> None:
    """At the centre +- the last step, as long as a sample's noise; at sigma * f and sigma / f, on one noise row."""
    strategy = carrier(name, episodes_per_candidate=episodes)
    generations = 30 if name in {"ns", "nsr", "nsra"} else 3  # until every centre has stepped
    train(strategy, hp_of(name), range(generations))
    before = strategy.ask(hp_of(name), key(generations)).base_bp[0].copy()
    population = asked(strategy, name, generations)
    along = rows_of(population, ALONG_STEP)
    plus, minus = (parameters(population, int(row)) for row in (along[0], along[-1]))
    np.testing.assert_array_equal(population.sign_r[along], 0)
    scale = np.ones(P, np.float32) if population.scale_bp is None else population.scale_bp[0]
    offset = (plus - before).astype(np.float64)
    # Of float32 vectors whose elements are as large as 1.
    np.testing.assert_allclose(minus - before, -offset, atol=2e-6)
    length = float(np.linalg.norm(offset / scale))
    assert length == pytest.approx(float(population.sigma_r[0]) * math.sqrt(P), rel=1e-4)
    wide, narrow = rows_of(population, WIDE), rows_of(population, NARROW)
    assert wide.size == narrow.size == 2 * episodes
    np.testing.assert_array_equal(population.noise_r[wide], population.noise_r[narrow])
    np.testing.assert_array_equal(population.episode_r[wide], population.episode_r[narrow])
    np.testing.assert_array_equal(population.sign_r[wide], population.sign_r[narrow])
    ordinary = float(population.sigma_r[0])
    np.testing.assert_allclose(population.sigma_r[wide], ordinary * math.sqrt(2.0), rtol=1e-6)
    np.testing.assert_allclose(population.sigma_r[narrow], ordinary / math.sqrt(2.0), rtol=1e-6)


@pytest.mark.parametrize("name", CARRIERS)
def test_the_last_step_is_the_one_that_was_taken(name: str) -> None:
    strategy = carrier(name, ("tpa",))
    train(strategy, hp_of(name), range(1))
    steps = center(strategy, 1).astype(np.float64)  # all centres start at zero
    if not steps.any():
        assert name in {"ns", "nsr", "nsra"}  # another centre than the one that stepped
        return
    population = asked(strategy, name, 1)
    row = int(rows_of(population, ALONG_STEP)[0])
    offset = (parameters(population, row) - center(strategy, 1)).astype(np.float64)
    cosine = float(offset @ steps) / float(np.linalg.norm(offset) * np.linalg.norm(steps))
    assert cosine == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("name", CARRIERS)
def test_before_the_first_step_all_but_probes_are_ordinary(name: str) -> None:
    population = asked(carrier(name), name, 0)
    assert ALONG_STEP not in kinds(population)
    assert kinds(population).count(WIDE) == kinds(population).count(NARROW) == 2


@pytest.mark.parametrize("name", CARRIERS)
def test_another_number_of_candidates_has_none(name: str) -> None:
    strategy = carrier(name)
    train(strategy, hp_of(name), range(2))
    assert strategy.ask(hp_of(name), key(2), candidates=8).riders_n is None


@pytest.mark.parametrize("name", CARRIERS)
def test_resume_is_bit_for_bit(name: str) -> None:
    whole, first, second = carrier(name), carrier(name), carrier(name)
    train(whole, hp_of(name), range(6))
    train(first, hp_of(name), range(4))
    second.load(first.state())
    train(second, hp_of(name), range(4, 6))
    assert_same_state(whole, second)


@pytest.mark.parametrize("name", CARRIERS)
def test_they_still_climb(name: str) -> None:
    """From sqrt(70) = 8.4, as far as without riders."""
    strategy = carrier(name, population=24)
    train(strategy, hp_of(name), range(100))
    assert float(np.linalg.norm(strategy.mean - 1.0)) < 2.5


@pytest.mark.parametrize("name", [name for name in CARRIERS if not name.startswith("ns")])  # novelty is no slope
def test_a_step_that_was_too_short_is_told_from_one_too_long(name: str) -> None:
    slow, fast = carrier(name), carrier(name)
    train(slow, hp_of(name, learning_rate=1e-4), range(3))
    train(fast, hp_of(name), range(2))
    told = slow.ask(hp_of(name), key(3))
    assert slow.tell(told, evaluate(told)).tpa > 0.9
    state = fast.state()
    state["mean"] = np.full(P, 9.0, np.float32)  # far beyond the top
    state["last_step"] = np.ones(P, np.float32)
    fast.load(state)
    told = fast.ask(hp_of(name), key(3))
    assert fast.tell(told, evaluate(told)).tpa < -0.9


def linear(population: Population, slope: F32, bend: float = 0.0) -> EvaluationBatch:
    """Returns along one slope, less a bend: rises to where it saturates."""
    rows = np.stack([parameters(population, row) for row in range(population.rows)]).astype(np.float64)
    along = rows @ slope.astype(np.float64)
    returns = along if bend == 0.0 else np.tanh(bend * along) / bend
    lengths = np.ones(population.rows, np.int32)
    return EvaluationBatch(returns, lengths, np.zeros(population.rows, np.bool_), key=population.key)


@pytest.mark.parametrize(("bend", "low", "high"), [(0.0, -1e-3, 1e-3), (100.0, -math.log(2) - 1e-3, -0.5)])
def test_a_probe_tells_a_slope_from_what_saturates(bend: float, low: float, high: float) -> None:
    """One slope: ratio 1 and full agreement; a step function: the same difference at both, a ratio of f * f less."""
    strategy = make("es", population=64, riders=("sigma_probe",))
    population = strategy.ask(hp_of("es"), key(0))
    report = strategy.tell(population, linear(population, np.ones(P, np.float32), bend))
    assert low <= report.probe_slope <= high
    assert report.probe_agreement > 0.99
    assert math.isnan(report.tpa)


def test_noise_alone_agrees_in_nothing() -> None:
    strategy = make("es", population=4096, riders=("sigma_probe",))
    population = strategy.ask(hp_of("es"), key(0))
    batch = linear(population, np.zeros(P, np.float32))
    batch = replace(batch, returns_r=np.random.default_rng(2).normal(size=population.rows))
    report = strategy.tell(population, batch)
    assert abs(report.probe_agreement) < 0.3  # of 128 probes: 3.4 standard deviations
    assert report.probe_slope == pytest.approx(-math.log(2), abs=0.3)


def test_what_tells_nothing_is_nan() -> None:
    strategy = carrier("es")
    train(strategy, hp_of("es"), range(2))
    population = asked(strategy, "es", 2)
    flat = strategy.tell(population, linear(population, np.zeros(P, np.float32)))
    assert all(math.isnan(value) for value in (flat.tpa, flat.probe_agreement, flat.probe_slope))
    plain = make("es")
    population = asked(plain, "es", 0)
    told = plain.tell(population, evaluate(population))
    assert all(math.isnan(value) for value in (told.tpa, told.probe_agreement, told.probe_slope))


def test_a_failed_rider_counts_as_the_worst() -> None:
    strategy = carrier("es", ("tpa",))
    train(strategy, hp_of("es"), range(2))
    population = asked(strategy, "es", 2)
    row = int(rows_of(population, ALONG_STEP)[0])  # plus, which leads up
    twin = carrier("es", ("tpa",))
    twin.load(strategy.state())
    assert strategy.tell(population, evaluate(population)).tpa > 0.0
    assert twin.tell(population, evaluate(population, failed=(row,))).tpa <= 0.0


def test_extreme_returns_are_told_alike() -> None:
    told = []
    for factor in (1.0, 1e300, 1e-300):
        strategy = carrier("es")
        train(strategy, hp_of("es"), range(2))
        population = asked(strategy, "es", 2)
        batch = evaluate(population)
        told.append(strategy.tell(population, replace(batch, returns_r=batch.returns_r * factor)))
    for other in told[1:]:
        assert (other.tpa, other.probe_slope) == pytest.approx((told[0].tpa, told[0].probe_slope), rel=1e-9)


def test_what_a_pair_along_the_last_step_adds() -> None:
    """Along its own direction as much as ordinary pairs do on average; the gradient of a slope stays unbiased."""
    strategy = carrier("ars", ("tpa",), population=64)
    train(strategy, hp_of("ars"), range(2))
    population = asked(strategy, "ars", 2)
    row = int(rows_of(population, ALONG_STEP)[0])
    offset = ((population.base_bp[population.base_r[row]] - population.base_bp[0]) / population.sigma_r[0]).astype(
        float
    )
    unit = offset / np.linalg.norm(offset)
    slope = np.random.default_rng(1).normal(size=P).astype(np.float32)
    weight = linear(population, slope).returns_r / population.sigma_r[0]
    added = injected(population, (weight / 2).astype(np.float32))
    assert added is not None
    np.testing.assert_allclose(added, float(unit @ slope) * unit, rtol=2e-3, atol=1e-5)
    assert injected(replace(population, riders_n=None), weight.astype(np.float32)) is None


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_no_bit(threads: int) -> None:
    one, many = carrier("pgpe"), carrier("pgpe", pool=kernels.ThreadPool(threads))
    for strategy in (one, many):
        train(strategy, hp_of("pgpe"), range(4))
    assert_same_state(one, many)


def test_counts_grow_with_the_population() -> None:
    counts = {pairs: (Riders(BOTH, pairs).tpa_pairs, Riders(BOTH, pairs).probes) for pairs in (4, 32, 64, 128)}
    assert counts == {4: (1, 1), 32: (1, 2), 64: (2, 4), 128: (4, 8)}
    population = asked(make("es", population=256, riders=BOTH), "es", 0)
    assert kinds(population).count(ORDINARY) == 256 - 4 * 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"riders": ("tpa",), "population": 2}, "needs 4 candidates drawn in pairs, got 2; raise population"),
        ({"riders": BOTH, "population": 6}, "riders tpa, sigma_probe take 3 antithetic pairs .* needs 8 .* got 6"),
        ({"riders": ("sigma_prob",)}, "no rider named 'sigma_prob'; did you mean 'sigma_probe'"),
        ({"riders": ("tpa", "tpa")}, "riders must name each rider once"),
        ({"riders": ("tpa",), "mirrored": False}, "with mirrored = false leave riders out"),
    ],
)
def test_bad_input(options: dict[str, Any], message: str) -> None:
    with pytest.raises(bf.BierlError, match=message):
        make("es", **options)


@pytest.mark.parametrize(("riders", "population"), [(BOTH, 8), (("tpa",), 4), (("sigma_probe",), 6)])
def test_the_least_that_is_named_is_enough(riders: tuple[str, ...], population: int) -> None:
    strategy = make("es", population=population, riders=riders)
    train(strategy, hp_of("es"), range(2))
    assert kinds(asked(strategy, "es", 2)).count(ORDINARY) == 2
    with pytest.raises(ValueError, match=f"needs {population} candidates"):
        make("es", population=population - 2, riders=riders)


def test_a_strategy_that_cannot_carry_them_names_those_that_can() -> None:
    with pytest.raises(ValueError, match=r"strategy 'cmaes' takes no option riders; it is for ars, es, .*snes"):
        make("cmaes", riders=("tpa",))
    with pytest.raises(ValueError, match="riders tpa take 1 antithetic pairs"):
        make("esac", population=4, riders=("tpa",))  # a pair, a crossover and the actor
