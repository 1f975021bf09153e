"""The ring of generations against its twin, its edges, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference.fitness_buffer import FitnessBuffer as Reference

from bierl_fast import kernels
from bierl_fast.messages import F64, Bool

H, Q, K = 4, 8, 2
# Features are of order 1 (cut at 10): float32 rounding 10 * 2**-24 = 6e-7; float64 differences are far below.
ATOL = 1e-6
NO_FAILURE = np.zeros(3, np.bool_)
SETTINGS = np.array([0.25, -0.5])


def generation(seed: int) -> tuple[F64, Bool, float, F64]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    returns_n = np.round(rng.normal(100 * seed, 1 + seed, n), 1)
    failed_n = rng.random(n) < 0.2
    failed_n[-1] = False
    returns_n[failed_n] = np.nan
    center = math.nan if seed % 4 == 3 else float(returns_n[-1]) if seed % 2 else 100.0 * seed + 0.03
    return returns_n, failed_n, center, rng.uniform(-1, 1, K)


def test_window_equals_the_twins_through_two_turns_of_the_ring() -> None:
    fast, slow = kernels.FitnessBuffer(H, Q, K), Reference(H, Q, K)
    assert (fast.history, fast.features, fast.filled) == (H, Q + K + 6, 0)
    np.testing.assert_array_equal(fast.window(), np.zeros((H, Q + K + 6)))
    for seed in range(2 * H + 1):
        fast.push(*generation(seed))
        slow.push(*generation(seed))
        assert fast.filled == min(seed + 1, H)
        np.testing.assert_allclose(fast.window(), slow.window(), rtol=0, atol=ATOL)
        np.testing.assert_array_equal(fast.window()[:, -1], np.arange(H) >= H - seed - 1)  # newest last


def test_the_window_is_a_copy_of_its_moment() -> None:
    buffer = kernels.FitnessBuffer(H, Q, K)
    buffer.push(*generation(1))
    window = buffer.window()
    assert window.dtype == np.float32
    assert window.shape == (H, Q + K + 6)
    before = window.copy()
    buffer.push(*generation(2))
    del buffer
    np.testing.assert_array_equal(window, before)


def test_a_restored_buffer_goes_on_as_if_it_had_never_stopped() -> None:
    for pushes in range(H + 2):
        whole, other = kernels.FitnessBuffer(H, Q, K), kernels.FitnessBuffer(H, Q, K)
        for seed in range(pushes):
            whole.push(*generation(seed))
        other.restore(np.array(whole.window()), whole.filled, whole.last_mean, whole.last_center)
        for seed in range(pushes, pushes + H + 2):
            np.testing.assert_array_equal(whole.window(), other.window())
            assert whole.filled == other.filled
            whole.push(*generation(seed))
            other.push(*generation(seed))


def test_a_missing_centre_and_no_generation_before() -> None:
    buffer = kernels.FitnessBuffer(1, Q, 0)
    returns_n, none = np.array([1.0, 2.0, 3.0]), np.empty(0)
    buffer.push(returns_n, NO_FAILURE, math.nan, none)
    assert buffer.window()[0, Q : Q + 4].tolist() == [0, 0, 0, 0]
    buffer.push(returns_n, NO_FAILURE, 2.0, none)
    assert buffer.window()[0, Q : Q + 4].tolist() == [0, 0, 0, 0]  # in the middle; mean unchanged; no centre before
    buffer.push(returns_n + 1.0, NO_FAILURE, 4.0, none)
    spread = math.sqrt(2 / 3)
    expected = [2.5 / 3 - 0.5, 1 / spread, 1 / spread, 2 / spread]  # ties count half
    np.testing.assert_allclose(buffer.window()[0, Q : Q + 4], expected, rtol=0, atol=ATOL)
    assert (buffer.last_mean, buffer.last_center) == (3.0, 4.0)


def test_zero_spread_says_nothing_and_large_scores_are_cut() -> None:
    buffer = kernels.FitnessBuffer(2, Q, 0)
    none = np.empty(0)
    buffer.push(np.full(3, 0.1), NO_FAILURE, 5.0, none)
    row = buffer.window()[-1]
    np.testing.assert_array_equal(row[:Q], np.zeros(Q))
    assert row[Q:].tolist() == [0.5, 0, 0, 0, 0, 1]  # the rank needs no spread
    buffer.push(np.array([1.0, 1.0, 1.001]), NO_FAILURE, -1e9, none)
    assert buffer.window()[-1, Q : Q + 4].tolist() == [-0.5, -10.0, 10.0, -10.0]


def test_what_is_refused_changes_nothing() -> None:
    buffer = kernels.FitnessBuffer(H, Q, K)
    buffer.push(*generation(1))
    before = buffer.window().copy(), buffer.filled, buffer.last_mean
    returns_n = np.array([1.0, 2.0, np.nan])
    with pytest.raises(ValueError, match="all 3 candidates failed; nothing to describe"):
        buffer.push(returns_n, ~NO_FAILURE, 0.0, SETTINGS)
    with pytest.raises(ValueError, match=r"returns\[2\] is not finite and not marked as failed"):
        buffer.push(returns_n, NO_FAILURE, 0.0, SETTINGS)
    with pytest.raises(ValueError, match="hyperparameters has 3 elements, expected 2"):
        buffer.push(np.arange(3.0), NO_FAILURE, 0.0, np.zeros(3))
    with pytest.raises(ValueError, match="filled must be at most history, got 5"):
        buffer.restore(np.zeros((H, Q + K + 6), np.float32), H + 1, 0.0, 0.0)
    np.testing.assert_array_equal(buffer.window(), before[0])
    assert (buffer.filled, buffer.last_mean) == before[1:]


def test_sizes() -> None:
    with pytest.raises(ValueError, match=r"history must be in \[1, 1048576\], got 0"):
        kernels.FitnessBuffer(0, Q, K)
    with pytest.raises(ValueError, match=r"quantiles must be in \[1, 1048576\], got 0"):
        kernels.FitnessBuffer(H, 0, K)
