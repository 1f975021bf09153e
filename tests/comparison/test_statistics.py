"""Against known answers: worked by hand, SciPy's, and those of rliable 1.2.0 (run once, with the arrays below)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bierl_fast.comparison.statistics import estimate, improvement, interquartile_mean, interval

# Scores (task, run) of two methods.
X = [[0.31, 0.92, 0.55, 0.75, 0.6], [1.2, 1.1, 0.9, 1.4, 1.0], [0.05, 0.4, 0.35, 0.2, 0.5]]
Y = [[0.5, 0.2, 0.4, 0.65, 0.3], [0.8, 1.1, 0.7, 0.95, 0.6], [0.3, 0.1, 0.45, 0.25, 0.15]]


def arrays(strata: list[list[float]]) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [np.array(stratum) for stratum in strata]


@pytest.mark.parametrize("count", range(1, 13))
def test_interquartile_mean_is_scipys_trimmed_mean(count: int) -> None:
    values = np.random.default_rng(count).standard_normal(count)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25), rel=1e-12)
    assert interquartile_mean(values[: count // 2], values[count // 2 :]) == pytest.approx(interquartile_mean(values))


def test_by_hand() -> None:
    assert interquartile_mean(np.array([100.0, 1.0, 2.0, -50.0])) == 1.5
    # 5 > 1, 5 > 4, 2 > 1, 2 < 4: three of four; and one tie: a half. Tasks count alike, however many runs they have.
    assert improvement(np.array([5.0, 2.0]), np.array([1.0, 4.0])) == 0.75
    assert improvement(np.array([5.0, 2.0]), np.array([1.0, 4.0]), np.array([3.0]), np.array([3.0])) == 0.625


def test_improvement_is_the_mann_whitney_statistic() -> None:
    for x, y in zip(X, Y, strict=True):
        expected = stats.mannwhitneyu(x, y, alternative="greater").statistic / (len(x) * len(y))
        assert improvement(np.array(x), np.array(y)) == pytest.approx(expected, rel=1e-12)


def test_rliable_says_the_same() -> None:
    """Ends of intervals move by bootstrap noise: 0.01 is four standard errors of a 2.5 % quantile of 5,000 draws."""
    iqm = estimate(interquartile_mean, X, "iqm")
    assert iqm["value"] == pytest.approx(0.66333333, abs=1e-8)
    assert iqm["low"] == pytest.approx(0.55666667, abs=0.01)
    assert iqm["high"] == pytest.approx(0.76777778, abs=0.01)
    pairs = [stratum for pair in zip(X, Y, strict=True) for stratum in pair]
    better = estimate(improvement, pairs, "improvement")
    assert better["value"] == pytest.approx(0.75333333, abs=1e-8)
    # The statistic takes steps of 1/75.
    assert better["low"] == pytest.approx(0.56666667, abs=1.5 / 75)
    assert better["high"] == pytest.approx(0.92, abs=1.5 / 75)


def test_scipys_bootstrap_says_the_same_of_strata_of_different_sizes() -> None:
    strata = [X[0], X[1][:3], X[2][:4]]
    low, high = interval(interquartile_mean, strata, "ragged")
    expected = stats.bootstrap(
        arrays(strata),
        lambda *resampled, axis: interquartile_mean(*resampled),  # noqa: PLW0108 - `axis` is always the last
        n_resamples=20_000,
        method="percentile",
        random_state=np.random.default_rng(1),
    ).confidence_interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_equal_addresses_give_equal_intervals_and_others_do_not() -> None:
    assert interval(interquartile_mean, X, "a") == interval(interquartile_mean, X, "a")
    wide = [list(np.random.default_rng(3).standard_normal(40))]
    assert interval(interquartile_mean, wide, "a") != interval(interquartile_mean, wide, "b")


def test_one_run_has_an_interval_of_no_width() -> None:
    assert interval(interquartile_mean, [[2.5]], "one") == (2.5, 2.5)


def test_numbers_of_any_size_have_a_mean() -> None:
    huge = [1.7e308, 1.6e308, 1.5e308, 1.7e308, 1.2e308]
    found = estimate(interquartile_mean, [huge], "huge")
    assert found["low"] <= found["value"] == pytest.approx(1.6e308, rel=0.01)
    assert found["high"] <= 1.7e308
    assert estimate(interquartile_mean, [[-1e308, -1e308, 1e-310]], "mixed")["value"] == pytest.approx(-2 * (1e308 / 3))
    assert interquartile_mean(np.array([[1e308, 1e308, -math.inf]])).tolist() == [-math.inf]


def test_a_diverged_run_counts_as_the_worst() -> None:
    diverged = [-math.inf, 1.0, 2.0, 3.0, 4.0]
    found = estimate(interquartile_mean, [diverged], "diverged")
    assert found["value"] == 2.0
    assert found["low"] == -math.inf
    assert improvement(np.array(diverged), np.array([-math.inf, 0.0])) == pytest.approx((0.5 + 8) / 10)
