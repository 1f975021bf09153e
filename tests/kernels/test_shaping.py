"""Shapings against their formulas; ties, failures and errors by the written rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import shaping as reference

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Bool

Fast = Callable[[F64, Bool], F32]
Slow = Callable[[F64, Bool], F64]

SHAPINGS: dict[str, tuple[Fast, Slow]] = {
    "log_rank": (kernels.log_rank_utilities, reference.log_rank),
    "log_rank, full": (
        lambda f, x: kernels.log_rank_utilities(f, x, full=True),
        lambda f, x: reference.log_rank(f, x, full=True),
    ),
    "log_rank, best of ties": (
        lambda f, x: kernels.log_rank_utilities(f, x, best_of_ties=True),
        reference.log_rank_best_of_ties,
    ),
    "log_rank, both": (
        lambda f, x: kernels.log_rank_utilities(f, x, full=True, best_of_ties=True),
        lambda f, x: reference.log_rank_best_of_ties(f, x, full=True),
    ),
    "centered_rank": (kernels.centered_rank_utilities, reference.centered_rank),
    "raw": (kernels.raw_weights, reference.raw),
    "standardized, all": (
        lambda f, x: kernels.standardized_weights(f, x, top=f.size // 2),
        lambda f, x: reference.standardized(f, x, f.size // 2),
    ),
    "standardized, one": (
        lambda f, x: kernels.standardized_weights(f, x, top=1),
        lambda f, x: reference.standardized(f, x, 1),
    ),
}
BY_RANK = [name for name in SHAPINGS if "rank" in name]
NONE4: NDArray[np.bool_] = np.zeros(4, np.bool_)


def fitness(n: int, seed: int) -> tuple[F64, Bool]:
    """Rounded, so that ties are common; one in five failed, some of them NaN."""
    rng = np.random.default_rng(seed)
    values_n = np.round(rng.normal(0, 3, n))
    failed_n = rng.random(n) < 0.2
    failed_n[0] = False
    values_n[failed_n & (rng.random(n) < 0.5)] = np.nan
    return values_n, failed_n


@pytest.mark.parametrize("name", SHAPINGS)
@pytest.mark.parametrize("n", [2, 4, 10, 64, 400])
def test_formula(name: str, n: int) -> None:
    fast, slow = SHAPINGS[name]
    for seed in range(5):
        values_n, failed_n = fitness(n, seed)
        # Both work in float64, sums in another order (n rounding errors); the kernel rounds to float32 at the end.
        np.testing.assert_allclose(fast(values_n, failed_n), slow(values_n, failed_n), rtol=2**-23, atol=1e-12)


@pytest.mark.parametrize("name", SHAPINGS)
def test_ties_share_and_order_does_not_matter(name: str) -> None:
    fast, _ = SHAPINGS[name]
    values_n, failed_n = fitness(40, 0)
    weight_n = fast(values_n, failed_n)
    if name in BY_RANK:
        for value in np.unique(values_n[~failed_n]):
            assert np.unique(weight_n[~failed_n & (values_n == value)]).size == 1
        assert np.unique(weight_n[failed_n]).size == 1
        assert weight_n[failed_n][0] == weight_n.min() < np.median(weight_n[~failed_n])
        assert abs(weight_n.sum(dtype=np.float64)) < 40 * 2**-24  # each weight is below 1 and rounded to float32 once
    if name == "standardized, one":
        return  # at the cut the lower pair number wins: order matters there, by rule
    order = np.random.default_rng(1).permutation(20)
    rows = (2 * order[:, None] + [0, 1]).reshape(-1)  # whole pairs
    # The sums of the value shapings run in another order: n rounding errors of float64, then one of float32.
    tolerance = 0 if name in BY_RANK else 2**-23
    np.testing.assert_allclose(fast(values_n[rows], failed_n[rows]), weight_n[rows], rtol=tolerance, atol=0)


@pytest.mark.parametrize("name", SHAPINGS)
@pytest.mark.parametrize("n", [2, 6, 10, 64])
def test_all_equal_gives_exact_zeros(name: str, n: int) -> None:
    fast, _ = SHAPINGS[name]
    for level in (0.1, -1e300, 1e-300, 3.0):
        np.testing.assert_array_equal(fast(np.full(n, level), np.zeros(n, np.bool_)), np.zeros(n, np.float32))


@pytest.mark.parametrize("name", SHAPINGS)
def test_none_failed_unless_said(name: str) -> None:
    values_n = np.random.default_rng(2).normal(size=10)
    if name.startswith("standardized"):
        np.testing.assert_array_equal(
            kernels.standardized_weights(values_n, top=1),
            kernels.standardized_weights(values_n, np.zeros(10, np.bool_), top=1),
        )
    else:
        fast, _ = SHAPINGS[name]
        np.testing.assert_array_equal(fast(values_n, np.zeros(10, np.bool_)), fast(values_n, None))  # type: ignore[arg-type]


def test_log_rank_known_values() -> None:
    """N = 4, r = 1..4: ln 3 - ln r = 1.0986, 0.4055, 0, 0 below the floor; over their sum 1.5041, minus 1/4."""
    weight_n = kernels.log_rank_utilities(np.array([1.0, 4.0, 3.0, 2.0]))
    np.testing.assert_allclose(weight_n, [-0.25, 0.48042, 0.01958, -0.25], atol=1e-5)  # five digits were written


def test_the_other_forms_of_log_rank_known_values() -> None:
    """N = 4, full: ln 5 - ln r = 1.6094, 0.9163, 0.5108, 0.2231 over 3.2597, minus 1/4.

    Two equal on top, best of ties, half: ln 3 - ln 1 twice, 0, 0 over 2 ln 3: a half each, minus 1/4.
    Full with those ties: 1.6094 twice, 0.5108, 0.2231 over 3.9529, minus 1/4.
    """
    full = kernels.log_rank_utilities(np.array([1.0, 4.0, 3.0, 2.0]), full=True)
    np.testing.assert_allclose(full, [-0.18155, 0.24374, 0.0311, -0.09329], atol=1e-5)  # five digits were written
    tied_n = np.array([1.0, 4.0, 4.0, 2.0])
    np.testing.assert_array_equal(kernels.log_rank_utilities(tied_n, best_of_ties=True), [-0.25, 0.25, 0.25, -0.25])
    both = kernels.log_rank_utilities(tied_n, full=True, best_of_ties=True)
    np.testing.assert_allclose(both, [-0.19355, 0.15716, 0.15716, -0.12077], atol=1e-5)


def test_without_ties_best_of_ties_changes_nothing() -> None:
    values_n = np.random.default_rng(3).normal(size=50)
    failed_n = np.arange(50) % 7 == 3
    for full in (False, True):
        share_n = kernels.log_rank_utilities(values_n, failed_n, full=full)
        np.testing.assert_array_equal(
            kernels.log_rank_utilities(values_n, failed_n, full=full, best_of_ties=True), share_n
        )


def test_standardized_cut_prefers_the_lower_pair() -> None:
    values_n = np.array([1.0, 5.0, 5.0, 0.0, 5.0, 2.0])
    weight_n = kernels.standardized_weights(values_n, top=1)
    assert (weight_n != 0).tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize("name", SHAPINGS)
def test_errors(name: str) -> None:
    fast, _ = SHAPINGS[name]
    with pytest.raises(ValueError, match="all 4 candidates failed; lower sigma or the learning rate"):
        fast(np.arange(4.0), ~NONE4)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"fitness\[2\] is not finite and not marked as failed"):
            fast(np.array([1.0, 2.0, bad, 3.0]), NONE4)
    with pytest.raises(ValueError, match="at least two candidates, got 0"):
        fast(np.empty(0), np.empty(0, np.bool_))


def test_standardized_errors() -> None:
    with pytest.raises(ValueError, match="antithetic pairs, got 5 candidates"):
        kernels.standardized_weights(np.arange(5.0), top=1)
    for top in (0, 3):
        with pytest.raises(ValueError, match=rf"top must be in \[1, 2\], got {top}"):
            kernels.standardized_weights(np.arange(4.0), top=top)
