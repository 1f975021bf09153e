"""The order of NumPy's sum, which rewards need: the known answers that tests/cpp/mujoco/arithmetic.cpp reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

KNOWN_ANSWERS = Path(__file__).parents[1] / "data" / "numpy_sum.txt"


def test_known_answers_are_numpys() -> None:
    lines = [line.split() for line in KNOWN_ANSWERS.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 10
    for count, wide, narrow in lines:
        x = 1 / np.arange(1, int(count) + 1)
        assert float.fromhex(wide) == np.sum(np.square(x))
        assert float.fromhex(narrow) == np.sum(np.square(x.astype(np.float32)))
