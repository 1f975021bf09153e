"""Noise, perturb and gradient against their NumPy twins: bit for bit, because every operation is the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import noise as reference

from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.messages import F32, NoiseKey, Stream

KEYS = [
    NoiseKey(0, 0),
    NoiseKey(2**64 - 1, 2**32 - 1, Stream.INITIAL),
    NoiseKey(0x123456789ABCDEF0, 77, Stream.META),
]
LENGTHS = [0, 1, 15, 16, 63, 64, 65, 1000, 4096, 4097, 10_000]


def vector(size: int, seed: int = 0) -> F32:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("count", LENGTHS)
def test_normals(key: NoiseKey, count: int) -> None:
    for row in (0, 2**32 - 1):
        np.testing.assert_array_equal(kernels.normals(key, row, count), reference.normals(key, row, count))


def test_a_longer_row_begins_with_the_shorter() -> None:
    whole = kernels.normals(KEYS[2], 5, 5000)
    for count in LENGTHS[:-2]:
        np.testing.assert_array_equal(kernels.normals(KEYS[2], 5, count), whole[:count])


@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_perturb(count: int, scaled: bool, sign: int) -> None:
    theta, scale = vector(count), vector(count, 1) if scaled else None
    slow = reference.perturb(theta, sign * 0.03, KEYS[0], 4, scale)
    np.testing.assert_array_equal(kernels.perturb(theta, 0.03, KEYS[0], 4, sign, scale=scale), slow)
    kernels.perturb(theta, 0.03, KEYS[0], 4, sign, scale=scale, out=theta)  # in place
    np.testing.assert_array_equal(theta, slow)


SUMS = [(kernels.gradient, reference.gradient), (kernels.scale_gradient, reference.scale_gradient)]


@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.parametrize(("fast", "slow"), SUMS)
def test_gradients(fast: Any, slow: Any, count: int) -> None:
    rows = np.array([3, 0, 2**32 - 1, 9, 3], np.uint32)
    weights = np.array([0.5, -1.25, 0.0, 1e-3, 7.0], np.float32)
    np.testing.assert_array_equal(fast(KEYS[1], rows, weights, count), slow(KEYS[1], rows, weights, count))


@pytest.mark.parametrize(("fast", "slow"), SUMS)
def test_gradients_of_no_rows_are_zero(fast: Any, slow: Any) -> None:
    none = np.empty(0, np.uint32), np.empty(0, np.float32)
    out = vector(100)
    assert fast(KEYS[0], *none, 100, out=out) is out
    np.testing.assert_array_equal(out, np.zeros(100, np.float32))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("fast", "slow"), SUMS)
def test_gradients_are_the_same_bits_with_a_pool(fast: Any, slow: Any, threads: int) -> None:
    rows, weights = np.arange(7, dtype=np.uint32), vector(7)
    pool = kernels.ThreadPool(threads)
    assert pool.threads == threads
    for count in (0, 1, 4096, 4097, 50_003):  # 4096 parameters are one job
        np.testing.assert_array_equal(
            fast(KEYS[2], rows, weights, count, pool=pool),
            fast(KEYS[2], rows, weights, count),
        )


def test_reset_seeds() -> None:
    for key in KEYS:
        for episode in (0, 1, 2**31 - 1):
            seed = core.reset_seed(key, episode)
            assert seed == reference.reset_seed(key, episode)
            assert 0 <= seed < 2**63


def test_addresses_never_collide() -> None:
    """Seed, generation, stream, purpose and row each have counter or key words of their own.

    2 seeds x 3 generations x 6 streams x 3 purposes x 3 rows: 324 addresses, each begins otherwise; sixteen equal
    floats come up by chance never: 324**2 / 2 pairs x (2**-24)**16.
    """
    seen = set()
    for seed in (1, 2**32 + 1):
        for generation in (0, 1, 2**31):
            for stream in Stream:
                for row in (0, 1, 2**31):
                    key = NoiseKey(seed, generation, stream)
                    seen.add(kernels.normals(key, row, 16).tobytes())
                    for purpose in (reference.PURPOSE_RESET, reference.PURPOSE_ACTION):
                        seen.add(reference.normals(key, row, 16, purpose).tobytes())
    assert len(seen) == 2 * 3 * len(Stream) * 3 * 3


def test_a_stream_that_would_share_the_domain_word_is_refused() -> None:
    """4 * 2**30 wraps to zero in the 32-bit domain word: the address of the inner stream's noise."""
    for stream in (2**30, -1):
        with pytest.raises(ValueError, match=r"stream must be in \[0, 2\*\*30\), got"):
            NoiseKey(0, 0, stream)  # type: ignore[arg-type]  # what a caller without types may pass
