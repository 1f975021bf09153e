"""Signals of a generation: known answers, and no word of the task's scale."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bierl_fast.messages import EvaluationBatch, Hyperparameters, NoiseKey, Population
from bierl_fast.strategy.antithetic import first_rows
from bierl_fast.strategy.es import EvolutionStrategy
from bierl_fast.strategy.signals import noise_std, odd_share, step_ratio

HP = Hyperparameters(sigma=0.5, learning_rate=0.1)


def asked(population: int = 4, size: int = 16, **changes: object) -> Population:
    strategy = EvolutionStrategy(mean=np.zeros(size, np.float32), population=population, **changes)  # type: ignore[arg-type]
    return strategy.ask(HP, NoiseKey(1, 2))


def share(returns: list[float], failed: tuple[int, ...] = (), population: Population | None = None) -> float:
    population = asked(len(returns)) if population is None else population
    failed_n = np.isin(np.arange(len(returns)), failed)
    return odd_share(population, first_rows(population), np.array(returns), failed_n)


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ([1.0, -1.0, 2.0, -2.0], 1.0),  # linear
        ([1.0, 1.0, 3.0, 3.0], -1.0),  # even
        ([2.0, 0.0, 0.0, -2.0], 0.0),  # odd 1 and 1; even 1 and -1
        ([3.0, 1.0, 3.0, 1.0], 1.0),  # the even part is the same everywhere: no bend, only a level
        ([0.0, 0.0, 0.0, 0.0], math.nan),
    ],
)
def test_known_answers(returns: list[float], expected: float) -> None:
    for scale in (1.0, 1e-200, 1e200):
        for level in (0.0, 7.0 * scale):
            found = share([scale * value + level for value in returns])
            # A level 7 times the spread costs about 3 bits of 53.
            assert found == pytest.approx(expected, abs=1e-12, nan_ok=True) or (scale == 1e-200 and math.isnan(found))


def test_failed_pairs_are_left_out() -> None:
    assert share([1.0, -1.0, 2.0, -2.0, math.nan, 5.0], failed=(4,)) == 1.0
    assert math.isnan(share([1.0, -1.0, 2.0, -2.0], failed=(0,)))  # one pair has no variance to speak of


def test_no_pairs_no_answer() -> None:
    population = asked(4)
    alone = Population(
        base_bp=population.base_bp,
        base_r=population.base_r,
        sigma_r=population.sigma_r,
        noise_r=np.arange(4, dtype=np.int32),
        sign_r=np.ones(4, np.int8),
        candidate_r=population.candidate_r,
        episode_r=population.episode_r,
        hyperparameters=population.hyperparameters,
        key=population.key,
    )
    assert math.isnan(share([1.0, -1.0, 2.0, -2.0], population=alone))


def test_candidates_without_noise_are_no_pair() -> None:
    """Crossovers and an actor, which esac lays behind its pairs, say nothing of odd and even."""
    pairs = asked(8)
    sign_r, noise_r = pairs.sign_r.copy(), pairs.noise_r.copy()
    sign_r[4:], noise_r[4:] = 0, 0
    mixed = replace(pairs, sign_r=sign_r, noise_r=noise_r)
    assert share([1.0, -1.0, 2.0, -2.0, 7.0, 7.0, 9.0, 9.0], population=mixed) == 1.0
    assert math.isnan(share([1.0, -1.0, 2.0, -2.0, 7.0, 7.0, 9.0, 9.0], failed=(0,), population=mixed))


def test_step_ratio_is_in_units_of_the_noise() -> None:
    assert step_ratio(asked(size=16), 1.0) == 1.0 / (0.5 * 4.0)


def test_reports_carry_them_whatever_the_number_of_episodes() -> None:
    """Returns linear in the noise, the same for both of a candidate's episodes, and a centre's row beside them."""
    strategy = EvolutionStrategy(
        mean=np.zeros(16, np.float32), population=6, episodes_per_candidate=2, center_episodes=1
    )
    population = strategy.ask(HP, NoiseKey(1, 2))
    returns_r = population.sign_r * (1.0 + population.noise_r)
    batch = EvaluationBatch(returns_r.astype(float), np.ones(13, np.int32), np.zeros(13, np.bool_), key=population.key)
    told = strategy.tell(population, batch)
    assert told.odd_share == 1.0
    assert told.step_ratio == told.update_norm / 2.0
    assert math.isnan(told.alignment)  # no path before the first generation
    again = strategy.ask(HP, NoiseKey(1, 2))
    assert strategy.tell(again, batch).alignment == pytest.approx(4.0, rel=1e-6)  # the same way: cosine 1, sqrt(16)


def test_noise_std_of_one_centre_is_sigma_times_the_scale() -> None:
    population = asked(6)
    assert noise_std(population, first_rows(population)) == pytest.approx(HP["sigma"], rel=1e-7)  # sigma is float32
    scale_bp = np.arange(16, dtype=np.float32)[None]
    shaped = replace(population, scale_bp=scale_bp)
    expected = HP["sigma"] * math.sqrt(float(np.square(scale_bp).mean()))
    assert noise_std(shaped, first_rows(shaped)) == pytest.approx(expected, rel=1e-7)
    assert noise_std(asked(6, center_episodes=2), first_rows(population)) == pytest.approx(HP["sigma"], rel=1e-7)


def test_noise_std_of_whole_candidates_is_their_spread() -> None:
    """As cmaes and ask/tell objects give them: each a vector of its own, without noise."""
    base_bp = np.array([[0.0, 3.0], [3.0, 3.0], [9.0, 9.0]], np.float32)
    names = {"noise_r": np.zeros(3, np.int32), "sign_r": np.zeros(3, np.int8), "sigma_r": np.zeros(3, np.float32)}
    own = {"candidate_r": np.arange(3, dtype=np.int32), "episode_r": np.zeros(3, np.int32)}
    population = replace(asked(4), base_bp=base_bp, base_r=np.array([0, 1, 0], np.int32), **names, **own)  # type: ignore[arg-type]
    expected = math.sqrt((np.var([0.0, 3.0, 0.0]) + np.var([3.0, 3.0, 3.0])) / 2)
    assert noise_std(population, np.arange(3)) == pytest.approx(expected, rel=1e-12)
