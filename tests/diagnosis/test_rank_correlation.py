"""Spearman's rank correlation: hand-made ranks, ties, edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bierl_fast.diagnosis.rank_correlation import rank_correlation

TEN = np.arange(10.0)


@pytest.mark.parametrize(
    ("x", "y", "rho"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 1e9], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, -1e9], -1.0),
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8),  # 1 - 6 * 4 / (5 * 24)
        ([1, 2, 2, 3], [1, 2, 3, 4], 3.0 * math.sqrt(0.1)),  # ranks 1, 2.5, 2.5, 4: 4.5 / sqrt(4.5 * 5)
        ([1, 2, 3, 4], [-math.inf, -math.inf, 0, 1], 3.0 * math.sqrt(0.1)),  # ranks 1.5, 1.5, 3, 4
    ],
)
def test_known_answers(x: list[float], y: list[float], rho: float) -> None:
    found = rank_correlation(np.array(x, np.float64), np.array(y, np.float64))
    assert found.value == pytest.approx(rho, abs=1e-15)  # sums of whole numbers, one root, one division
    assert rank_correlation(np.array(y, np.float64), np.array(x, np.float64)) == found


def test_interval() -> None:
    y = TEN.copy()
    y[[3, 4]] = y[[4, 3]]
    found = rank_correlation(TEN, y)
    rho = 1.0 - 6.0 * 2.0 / (10.0 * 99.0)
    half = 1.959964 * math.sqrt((1.0 + rho**2 / 2.0) / 7.0)
    assert found.low == pytest.approx(math.tanh(math.atanh(rho) - half), rel=1e-9)
    assert found.high == pytest.approx(math.tanh(math.atanh(rho) + half), rel=1e-9)
    exact = rank_correlation(TEN, TEN)
    assert (exact.low, exact.value, exact.high) == (found.low, 1.0, 1.0)
    turned = rank_correlation(TEN, -TEN)
    assert (turned.low, turned.value) == (-1.0, -1.0)
    assert turned.high == pytest.approx(-found.low, rel=1e-12)
    four = rank_correlation(TEN[:4], TEN[:4])
    assert four.low < 0.0 < four.value  # one order of 24, so it says little
    few = rank_correlation(TEN[:3], TEN[:3] ** 2)
    assert few.value == 1.0
    assert math.isnan(few.low)
    assert math.isnan(few.high)


def test_the_interval_covers_as_it_says() -> None:
    """Normal pairs of correlation 0.6: their rho is 6 / pi * asin(0.3) = 0.582."""
    random = np.random.default_rng(0)
    truth = 6.0 / math.pi * math.asin(0.3)
    covered = 0
    for _ in range(1000):
        x = random.standard_normal(16)
        found = rank_correlation(x, 0.6 * x + 0.8 * random.standard_normal(16))
        covered += found.low <= truth <= found.high
    assert 920 <= covered <= 975  # 95 % of 1,000 has a standard deviation of 7; at 16 pairs a little below


def test_nothing_to_order() -> None:
    assert math.isnan(rank_correlation(TEN, np.ones(10)).value)
    assert math.isnan(rank_correlation(TEN, np.full(10, -math.inf)).value)


@pytest.mark.parametrize("y", [TEN[:9], np.full(10, math.nan)])
def test_what_cannot_be_ranked_is_refused(y: np.ndarray) -> None:
    with pytest.raises(ValueError, match="needs two rows of M numbers"):
        rank_correlation(TEN, y)
