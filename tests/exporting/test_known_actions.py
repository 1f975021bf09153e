"""What saved policies answer, by the package and by NumPy alone; C++ reads the same answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.messages import F64

DATA = Path(__file__).parents[1] / "data"
LINES = [line for line in (DATA / "policy_actions.txt").read_text().splitlines() if not line.startswith("#")]
FILES = sorted({line.partition(" | ")[0] for line in LINES})


def numbers(text: str) -> F64:
    return np.array([float.fromhex(word) for word in text.split()])


@pytest.mark.parametrize("name", FILES)
def test_answers(name: str) -> None:
    policy = bf.Policy.load(DATA / name)
    own = [line.split(" | ") for line in LINES if line.startswith(f"{name} |")]
    assert len(own) == 10
    for _, observation, action in own:
        for act in (policy.act, policy.numpy().act):
            np.testing.assert_array_equal(np.atleast_1d(act(numbers(observation))), numbers(action))
