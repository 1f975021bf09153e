"""The warm starts that come with the package: what they promise, on problems that they were not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.meta.generator_file import WarmStart, packaged

NAMES = sorted(packaged())
# Another dimension, condition and seed than any problem of their training had.
TASK: dict[str, Any] = {
    "task": "quadratic",
    "dim": 33,
    "task_kwargs": {"condition": 30.0, "noise": 0.3, "rotation_seed": 5},
}
RUN: dict[str, Any] = {**TASK, "population": 24, "generations": 80, "threads": 1, "seed": 3}


def test_there_are_two() -> None:
    assert NAMES == ["linear", "lstm"]


@pytest.mark.parametrize("name", NAMES)
def test_it_says_how_it_was_trained(name: str) -> None:
    found = WarmStart.load(name)
    assert found.made["credit"] == "run"
    assert found.steps > 0
    assert found.weights.size == found.training["mean"].size


@pytest.mark.parametrize("factors", [(0.1, 1.0), (10.0, 1.0), (1.0, 0.1), (1.0, 10.0)])
@pytest.mark.parametrize("name", NAMES)
def test_it_mends_a_mis_set_start(name: str, factors: tuple[float, float]) -> None:
    """Without a single env step of its own: the last generations are better than with the values as they were set."""
    start = {"sigma": 0.1 * factors[0], "learning_rate": 0.05 * factors[1]}
    shape = WarmStart.load(name).shape
    ends = []
    for settings in ({"meta": "none"}, {"meta": shape.meta, "warm_start": name, "meta_budget": 0.0}):
        result = bf.train(bf.Config(**{**RUN, **start, **settings}))
        assert result.metrics[-1]["meta_steps"] == 0
        ends.append(np.mean([record["center_return"] for record in result.metrics[-10:]]))
    fixed, warm = ends
    assert warm > fixed
