"""The strategy `es`: a whole generation against its twin, common random numbers, failures, bad arguments."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.sphere import P, evaluate, key
from reference import es as reference

from bierl_fast import kernels
from bierl_fast.messages import F32, Hyperparameters
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.optimizer import OPTIMIZERS
from bierl_fast.strategy.shaping import SHAPINGS

START: F32 = np.linspace(-1, 2, P).astype(np.float32)


@pytest.mark.parametrize("shaping", SHAPINGS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("scaled", [False, True])
def test_five_generations_equal_the_twins(shaping: str, optimizer: str, scaled: bool) -> None:
    top = 3 if shaping == "standardized" else None
    scale = np.linspace(0.5, 2, P).astype(np.float32) if scaled else None
    fast = EvolutionStrategy(
        mean=START,
        population=10,
        shaping=shaping,
        optimizer=optimizer,
        top=top,
        scale=scale,
        episodes_per_candidate=2,
        center_episodes=1,
    )
    slow = reference.EvolutionStrategy(START, shaping, optimizer, top)
    hp = Hyperparameters(sigma=0.05, learning_rate=0.03, momentum=0.8, weight_decay=0.01, alive_offset=0.5)
    for generation in range(5):
        population = fast.ask(hp, key(generation))
        batch = replace(evaluate(population, failed=(4,)), entropy_r=None)
        fast.tell(population, batch)
        slow.tell(population, batch)
        # Five steps of float32: theta (<= 2) rounds to 2**-24 each time, and the direction to about 10 * 2**-24 of its
        # largest element, which Adam's division by a small root may magnify a hundredfold.
        np.testing.assert_allclose(fast.mean, slow.mean, rtol=0, atol=2e-4 if optimizer == "adam" else 1e-5)
    assert np.abs(fast.mean - START).max() > 1e-2


def test_antithetic_pairs() -> None:
    strategy = EvolutionStrategy(mean=START, population=6, episodes_per_candidate=2, center_episodes=2)
    population = strategy.ask(Hyperparameters(sigma=0.25), key(0))
    assert population.candidates == 6
    assert population.candidate_r.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, -1, -1]
    assert population.noise_r.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0]
    assert population.sign_r.tolist() == [1, 1, -1, -1] * 3 + [0, 0]
    assert set(population.sigma_r.tolist()) == {0.25}
    assert strategy.ask(Hyperparameters(), key(0), candidates=4).rows == 8  # without the centre's rows


@pytest.mark.parametrize(
    ("crn", "episodes"),
    [
        ("none", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("pair", [0, 1, 0, 1, 2, 3, 2, 3, 4]),
        ("population", [0, 1, 0, 1, 0, 1, 0, 1, 2]),
    ],
)
def test_common_random_numbers(crn: str, episodes: list[int]) -> None:
    """Four candidates on two episodes, then the centre on an episode that no candidate has."""
    strategy = EvolutionStrategy(mean=START, population=4, crn=crn, episodes_per_candidate=2, center_episodes=1)
    assert strategy.ask(Hyperparameters(), key(0)).episode_r.tolist() == episodes


def test_report() -> None:
    strategy = EvolutionStrategy(mean=START, population=4, center_episodes=2, episodes_per_candidate=2)
    population = strategy.ask(Hyperparameters(sigma=0.1), key(0))
    batch = evaluate(population, failed=(1,))
    report = strategy.tell(population, batch)
    mean_n = batch.returns_r[:8].reshape(4, 2).mean(axis=1)
    np.testing.assert_array_equal(report.returns_n[1:], mean_n[1:])
    assert report.failed_n.tolist() == [True, False, False, False]
    # Means of the same few float64 numbers, perhaps in another order.
    assert report.mean_return == pytest.approx(mean_n[1:].mean(), rel=1e-15)
    assert report.max_return == mean_n[1:].max()
    assert report.center_return == pytest.approx(batch.returns_r[8:].mean(), rel=1e-15)
    assert report.longest_episode == 12
    for failed, center_return in (((8,), batch.returns_r[9]), ((8, 9), np.nan)):
        broken = strategy.tell(strategy.ask(Hyperparameters(sigma=0.1), key(0)), evaluate(population, failed=failed))
        np.testing.assert_array_equal(broken.center_return, center_return)
    without = EvolutionStrategy(mean=START, population=4)
    population = without.ask(Hyperparameters(), key(0))
    assert np.isnan(without.tell(population, evaluate(population)).center_return)


def test_a_failed_candidate_is_worth_the_worst() -> None:
    """A return that failed is never read: NaN, or a record, is the same step as the smallest survivor's."""
    for shaping in ("raw", "standardized"):
        strategy = EvolutionStrategy(mean=START, population=8, shaping=shaping)
        population = strategy.ask(Hyperparameters(), key(0))
        batch = evaluate(population, failed=(2,))
        smallest, record = batch.returns_r.copy(), batch.returns_r.copy()
        smallest[2], record[2] = np.nanmin(batch.returns_r), 1e9
        expected = strategy.stepped(population, replace(batch, returns_r=smallest, failed_r=np.zeros(8, np.bool_)))
        for returns_r in (batch.returns_r, record):
            answer = strategy.stepped(population, replace(batch, returns_r=returns_r))
            np.testing.assert_array_equal(answer, expected)


def test_the_centre_has_no_weight() -> None:
    with_center = EvolutionStrategy(mean=START, population=8, center_episodes=3)
    without = EvolutionStrategy(mean=START, population=8)
    for strategy in (with_center, without):
        population = strategy.ask(Hyperparameters(), key(0))
        strategy.tell(population, evaluate(population, failed=(8, 9, 10)))
    np.testing.assert_array_equal(with_center.mean, without.mean)


def test_scale_of_the_direction_does_not_change_with_population() -> None:
    """Every weight a shaping gives is O(1/N), so the expected plain step on a linear task does not depend on N.

    Return = sum of theta, P = 70; g is a mean over pairs. The spread over 20 keys gives its standard error.
    """
    for shaping in SHAPINGS:
        sizes = []
        for population_size in (8, 128):
            strategy = EvolutionStrategy(mean=START, population=population_size, shaping=shaping, optimizer="gradient")
            moves = []
            for generation in range(20):
                population = strategy.ask(Hyperparameters(sigma=0.1, learning_rate=1.0), key(generation))
                total_r = np.array(
                    [
                        kernels.perturb(START, 0.1, population.key, int(n), int(s)).sum(dtype=np.float64)
                        for n, s in zip(population.noise_r, population.sign_r, strict=True)
                    ]
                )
                # Centred, as the standardized shaping keeps the level of the returns; pairs cancel it anyway.
                batch = replace(evaluate(population), returns_r=total_r - START.sum(dtype=np.float64), entropy_r=None)
                moves.append((strategy.stepped(population, batch) - START).mean(dtype=np.float64))
            sizes.append((np.mean(moves), np.std(moves) / np.sqrt(19)))
        (small, small_error), (large, large_error) = sizes
        assert 0.5 < small / large < 2.0, shaping  # a forgotten 1/N would be a factor of 16
        assert small > 5 * small_error
        assert large > 5 * large_error


def test_raw_divides_by_sigma() -> None:
    """On a linear return the raw direction is its gradient whatever sigma: float32 rounding aside, the same step."""
    steps = []
    for sigma in (0.01, 0.1):
        strategy = EvolutionStrategy(mean=np.zeros(P, np.float32), population=8, shaping="raw", optimizer="gradient")
        population = strategy.ask(Hyperparameters(sigma=sigma, learning_rate=1.0), key(0))
        eps = [kernels.normals(population.key, int(n), P).sum(dtype=np.float64) for n in population.noise_r]
        returns_r = sigma * np.array(eps) * population.sign_r
        steps.append(strategy.stepped(population, replace(evaluate(population), returns_r=returns_r, entropy_r=None)))
    np.testing.assert_allclose(steps[0], steps[1], rtol=0, atol=1e-5 * float(np.abs(steps[0]).max()))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"population": 5}, r"population must be even and at least 2 \(antithetic pairs\), got 5"),
    ({"population": 0}, "population must be even and at least 2"),
    ({"population": -2}, "population must be even and at least 2"),
    ({"top": 0}, r"top must be in \[1, 32\] pairs, got 0"),
    ({"top": 33}, r"top must be in \[1, 32\] pairs, got 33"),
    ({"crn": "pairs"}, "no kind of common random numbers named 'pairs'.*did you mean 'pair'"),
    ({"shaping": "centred_rank"}, "no shaping named 'centred_rank'.*did you mean 'centered_rank'"),
    ({"optimizer": "adm"}, "no optimizer named 'adm'.*did you mean 'adam'"),
    ({"episodes_per_candidate": 0}, "episodes_per_candidate must be at least 1 .*, got 0 and 0"),
    ({"center_episodes": -1}, "center_episodes at least 0, got 1 and -1"),
    ({"mean": np.zeros(3)}, r"mean must be float32 of shape \(P,\), got float64 of shape \(3,\)"),
    ({"mean": np.zeros((3, 1), np.float32)}, r"mean must be float32 of shape \(P,\)"),
    ({"mean": np.array([1, np.nan], np.float32)}, "mean must be finite; 1 of 2 elements are not"),
    ({"scale": np.ones(3, np.float32)}, r"scale must be float32 of shape \(70,\), got float32 of shape \(3,\)"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EvolutionStrategy(**{"mean": START, **change})


@pytest.mark.parametrize("candidates", [0, 1, 3, -2])
def test_bad_candidates(candidates: int) -> None:
    with pytest.raises(ValueError, match=f"population must be even and at least 2 .* got {candidates}"):
        EvolutionStrategy(mean=START).ask(Hyperparameters(), key(0), candidates=candidates)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_against_their_formulas(name: str) -> None:
    """Ten steps; float32 against float64: ten roundings of numbers of order 1, a hundredfold in Adam's quotient."""
    rng = np.random.default_rng(0)
    state: Any = {}
    slow_state: reference.State = {}
    for _ in range(10):
        gradient = rng.normal(size=P).astype(np.float32)
        before = {key: np.array(value) for key, value in state.items()}
        step, next_state = OPTIMIZERS[name](state, gradient, 0.03, 0.7)
        slow = reference.optimizer_step(name, slow_state, gradient.astype(np.float64), 0.03, 0.7)
        assert step.dtype == np.float32
        np.testing.assert_allclose(step, slow, rtol=0, atol=1e-5 * np.abs(slow).max())
        for key_, array in before.items():
            np.testing.assert_array_equal(state[key_], array)  # a step is pure
        state = next_state


def test_clipup_of_no_gradient_is_finite() -> None:
    zero = np.zeros(3, np.float32)
    step, state = OPTIMIZERS["clipup"]({}, zero, 0.1, 0.9)
    assert step.tolist() == state["velocity"].tolist() == [0, 0, 0]


def test_clipup_never_exceeds_twice_the_rate() -> None:
    state: Any = {}
    gradient = np.full(P, 3.0, np.float32)
    for _ in itertools.repeat(None, 50):
        step, state = OPTIMIZERS["clipup"](state, gradient, 0.1, 0.9)
        assert np.linalg.norm(step) <= 0.2 * (1 + 1e-6)  # float32
    assert np.linalg.norm(step) > 0.2 * (1 - 1e-6)


def test_top_is_a_share_of_a_smaller_population() -> None:
    """A meta-level judges by few pairs; `top` of the whole population must not be more than there are."""
    strategy = EvolutionStrategy(
        mean=np.ones(P, np.float32), population=16, shaping="standardized", top=4, optimizer="gradient"
    )
    asked = strategy.ask(Hyperparameters(learning_rate=1.0), key(0), candidates=4)
    step = strategy.stepped(asked, evaluate(asked)) - strategy.mean
    assert np.isfinite(step).all()
    assert np.abs(step).max() > 0.0
    noise = [kernels.normals(key(0), row, P) for row in range(2)]
    along = [abs(float(step @ eps)) / float(np.linalg.norm(step) * np.linalg.norm(eps)) for eps in noise]
    assert max(along) > 0.999  # half of two pairs is one pair: the step is along its noise
