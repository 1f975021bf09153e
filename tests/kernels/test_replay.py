"""The memory of transitions against its twin, around the ring, and what it refuses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from reference import replay as reference

from bierl_fast import kernels
from bierl_fast.messages import F32, NoiseKey, Stream

OBSERVATIONS, ACTIONS = 3, 2
W = 2 * OBSERVATIONS + ACTIONS + 2
KEY = NoiseKey(2**40 + 5, 9, Stream.INNER)


def numbered(first: int, count: int) -> F32:
    """Transition t holds t, t + 1/16, t + 2/16, ..."""
    return (np.arange(first, first + count)[:, None] + np.arange(W) / 16).astype(np.float32)


def draw(buffer: kernels.ReplayBuffer, key: NoiseKey, number: int, count: int) -> F32:
    """(count, W), the parts side by side in the order of a record."""
    before, after = np.empty((count, OBSERVATIONS), np.float32), np.empty((count, OBSERVATIONS), np.float32)
    action, reward, end = (
        np.empty((count, ACTIONS), np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
    )
    buffer.sample(key, number, before, action, reward, after, end)
    return np.concatenate([before, action, reward[:, None], after, end[:, None]], axis=1)


@pytest.mark.parametrize("capacity", [1, 7, 20])
def test_content_and_draws_equal_the_twins_through_several_turns(capacity: int) -> None:
    fast, slow = kernels.ReplayBuffer(OBSERVATIONS, ACTIONS, capacity), reference.ReplayBuffer(capacity)
    assert (fast.width, fast.capacity, len(fast)) == (W, capacity, 0)
    first = 0
    for number, count in enumerate([3, 0, 1, 5, 7, 2, 20, 45, 6]):  # below, at, and far above a turn
        fast.append(numbered(first, count))
        slow.append(numbered(first, count))
        first += count
        assert len(fast) == min(first, capacity)
        np.testing.assert_array_equal(fast.records(), slow.records(W))
        np.testing.assert_array_equal(draw(fast, KEY, number, 30), slow.sample(KEY, number, 30))


def test_only_the_order_of_appending_counts() -> None:
    """In one piece or in many, or restored from its records: the same draws, and the same after more."""
    whole, parts, restored = (kernels.ReplayBuffer(OBSERVATIONS, ACTIONS, 10) for _ in range(3))
    whole.append(numbered(0, 37))
    for first, last in itertools.pairwise([0, 1, 4, 13, 14, 37]):
        parts.append(numbered(first, last - first))
    restored.append(numbered(100, 4))
    restored.clear()
    restored.append(parts.records())
    for number in range(3):
        for buffer in (parts, restored):
            np.testing.assert_array_equal(draw(buffer, KEY, number, 16), draw(whole, KEY, number, 16))
        for buffer in (whole, parts, restored):
            buffer.append(numbered(50 + 3 * number, 3))


def test_draws_are_uniform_and_have_an_address() -> None:
    buffer = kernels.ReplayBuffer(OBSERVATIONS, ACTIONS, 50)
    buffer.append(numbered(0, 50))
    counts = np.bincount(draw(buffer, KEY, 0, 100_000)[:, 0].astype(int), minlength=50)
    chi2 = float(((counts - 2000) ** 2 / 2000).sum())
    assert chi2 < 94.0  # 49 degrees of freedom: the 0.9999 quantile is 94
    keys = [NoiseKey(1, 2), NoiseKey(1, 3), NoiseKey(2, 2), NoiseKey(1, 2, Stream.META)]
    drawn = {draw(buffer, key, number, 30).tobytes() for key in keys for number in range(4)}
    assert len(drawn) == 16
    assert draw(buffer, KEY, 1, 30)[:8].tobytes() == draw(buffer, KEY, 1, 8).tobytes()


def test_learner_seed() -> None:
    keys = [NoiseKey(seed, generation) for seed in (0, 2**64 - 1) for generation in (0, 7)]
    seeds = [kernels.learner_seed(key) for key in keys]
    assert seeds == [reference.learner_seed(key) for key in keys]
    assert len(set(seeds)) == 4


def test_what_is_refused_changes_nothing() -> None:
    buffer = kernels.ReplayBuffer(OBSERVATIONS, ACTIONS, 4)
    with pytest.raises(ValueError, match="no transitions to draw from"):
        draw(buffer, KEY, 0, 1)
    buffer.append(numbered(0, 3))
    with pytest.raises(
        ValueError, match=r"transitions must be .* float32 array of shape \(any, 10\), got shape \(2, 9\)"
    ):
        buffer.append(np.zeros((2, 9), np.float32))
    with pytest.raises(TypeError, match="got dtype float64"):
        buffer.append(np.zeros((2, W)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"draw must be below 2\^32 - 1"):
        draw(buffer, KEY, 2**32 - 1, 1)
    parts = [np.empty((2, size), np.float32) for size in (OBSERVATIONS, ACTIONS, OBSERVATIONS)]
    with pytest.raises(ValueError, match=r"next_observation must be .* shape \(2, 3\), got shape \(2, 2\)"):
        buffer.sample(KEY, 0, parts[0], parts[1], np.empty(2, np.float32), parts[1], np.empty(2, np.float32))
    np.testing.assert_array_equal(buffer.records(), numbered(0, 3))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 1, 1), "at least one observation and one action, got 0 and 1"),
        ((1, 0, 1), "at least one observation and one action, got 1 and 0"),
        ((1, 1, 0), r"capacity must be in \[1, 2\^31\) transitions, got 0"),
        ((1, 1, 2**31), r"capacity must be in \[1, 2\^31\) transitions, got 2147483648"),
    ],
)
def test_sizes(sizes: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kernels.ReplayBuffer(*sizes)
