"""Philox's published known answers: the scalar form, the NumPy twin, and through them the vector form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference.noise import philox4x32

from bierl_fast import kernels
from bierl_fast.messages import NoiseKey

KNOWN_ANSWERS = Path(__file__).parents[1] / "data" / "philox_kat.txt"


def test_random123s_known_answers() -> None:
    lines = [line.split() for line in KNOWN_ANSWERS.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 3
    for line in lines:
        c0, c1, c2, c3, k0, k1, *answer = (int(word, 16) for word in line)
        assert kernels.philox4x32((c0, c1, c2, c3), (k0, k1)) == tuple(answer)
        u0, u1, u2, u3 = (np.array([word], np.uint64) for word in (c0, c1, c2, c3))
        assert [int(word[0]) for word in philox4x32((u0, u1, u2, u3), (k0, k1))] == answer


def test_normals_into_given_memory() -> None:
    out = np.empty(100, np.float32)
    made = kernels.normals(NoiseKey(1, 2), 3, 100, out=out)
    assert made is out
    np.testing.assert_array_equal(out, kernels.normals(NoiseKey(1, 2), 3, 100))
    with pytest.raises(ValueError, match=r"out must have shape \(99,\), got \(100,\)"):
        kernels.normals(NoiseKey(1, 2), 3, 99, out=out)
