"""Kernels that look at every candidate hear Ctrl-C in the middle, and leave what they were to write as it was."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast import kernels
from bierl_fast._native import core

pytestmark = pytest.mark.slow  # much memory
COUNT = 2**23  # candidates: a second or so of sorting
KEY = bf.NoiseKey(3, 5)


@pytest.fixture(scope="module")
def fitness() -> Any:
    return np.random.default_rng(0).normal(size=COUNT)


@contextmanager
def interrupted_soon() -> Iterator[None]:
    """KeyboardInterrupt from 50 ms on, as Ctrl-C raises it."""

    def handler(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it comes anywhere in the block
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            yield
            while True:  # it came late
                signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


SHAPINGS: dict[str, Callable[[Any, Any, Any], None]] = {
    "log_rank": core.log_rank_utilities,
    "centered_rank": core.centered_rank_utilities,
    "standardized": lambda value, failed, out: core.standardized_weights(value, failed, COUNT // 4, out),
}


@pytest.mark.parametrize("name", SHAPINGS)
def test_shapings(name: str, fitness: Any) -> None:
    out, failed = np.full(COUNT, 7.0, np.float32), np.zeros(COUNT, np.bool_)
    with interrupted_soon():
        SHAPINGS[name](fitness, failed, out)
    assert (out == 7.0).all()


def test_a_fitness_buffer(fitness: Any) -> None:
    buffer, failed, none = kernels.FitnessBuffer(4, 8, 0), np.zeros(COUNT, np.bool_), np.zeros(0)
    with interrupted_soon():
        buffer.push(fitness, failed, 0.0, none)
    assert buffer.filled == 0
    assert not buffer.window().any()


def test_a_gradient_of_very_many_rows() -> None:
    """Of one tile of parameters, which was one piece of work before."""
    rows, weights, out = np.arange(2**25, dtype=np.uint32), np.ones(2**25, np.float32), np.zeros(64, np.float32)
    with interrupted_soon():
        for _ in range(10):
            core.gradient(KEY, rows, weights, out)
    again = kernels.gradient(KEY, rows[:9000], weights[:9000], 64)
    noise = np.stack([kernels.normals(KEY, row, 64) for row in range(9000)])
    expected = np.zeros(64, np.float32)
    for row in noise:
        expected += row
    np.testing.assert_array_equal(again, expected)


def test_moments() -> None:
    count, mean, m2 = np.zeros(1), np.zeros(2), np.zeros(2)
    ones, wide = np.ones(2**23), np.ones((2**23, 2))
    merged = 0
    with interrupted_soon():
        while True:
            core.merge_moments(count, mean, m2, ones, wide, wide)
            merged += 1
    assert count[0] in {merged * 2.0**23, (merged + 1) * 2.0**23}  # each whole, or not at all
    assert mean.tolist() == ([1.0, 1.0] if count[0] else [0.0, 0.0])


@pytest.mark.parametrize("name", ["rosenbrock", "quadratic"])
def test_making_a_function_of_very_many_dimensions(name: str) -> None:
    with interrupted_soon():
        for _ in range(3):
            core.FunctionRollout(core.TestFunction(name, 2**26, shift_radius=1.0), 0.0, 1)
