"""The C++ twin of numpy.random.default_rng: known answers, and side by side over many seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bierl_fast._native import core

KNOWN_ANSWERS = Path(__file__).parents[1] / "data" / "numpy_random.txt"


def test_known_answers_are_numpys() -> None:
    """The file that tests/cpp/episode/numpy_random.cpp reads."""
    lines = [line.split() for line in KNOWN_ANSWERS.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 9
    for words in lines:
        seed = int(words[0])
        assert [int(word) for word in words[1:3]] == list(np.random.PCG64(seed).random_raw(2))
        generator = np.random.default_rng(seed)
        drawn = [*generator.uniform(-0.1, 0.1, 2), *generator.standard_normal(20)]
        assert [float.fromhex(word) for word in words[3:]] == drawn


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**32 - 1, 2**32, 2**40 + 7, 2**63, 2**64 - 1])
def test_same_draws_as_numpy(seed: int) -> None:
    count = 20_000  # reaches the normal's rejection and tail branches
    native, generator = core.NumpyRandom(seed), np.random.default_rng(seed)
    assert [native.uniform(-0.3, 0.7) for _ in range(count)] == generator.uniform(-0.3, 0.7, count).tolist()
    assert [native.standard_normal() for _ in range(count)] == generator.standard_normal(count).tolist()
    assert native.uniform(-0.0, 0.0) == generator.uniform(-0.0, 0.0)
    assert native.next_uint64() == int(generator.bit_generator.random_raw())


RANGES = [(-9999, 9999), (3, 5), (4, 5), (1, 4), (0, 2**32), (-5, 2**32 - 5), (0, 2**32 - 1), (-(2**62), 2**62 + 9)]


@pytest.mark.parametrize("seed", [0, 3, 2**63])
def test_same_integers_as_numpy(seed: int) -> None:
    """Between other draws: of a 64-bit draw that is halved, the other half waits for the next integer."""
    native, generator = core.NumpyRandom(seed), np.random.default_rng(seed)
    for low, high in RANGES * 200:
        assert native.integers(low, high) == generator.integers(low, high)
        assert native.random() == generator.random()
        assert native.uniform(-1.0, 1.0) == generator.uniform(-1.0, 1.0)


def test_many_seeds() -> None:
    seeds = np.random.default_rng(5).integers(0, 2**64, 500, np.uint64).tolist()
    for seed in seeds:
        assert core.NumpyRandom(seed).next_uint64() == int(np.random.PCG64(seed).random_raw())
