"""A training that goes on is the one its file says, in every number."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hostile import rewrite

import bierl_fast as bf


@pytest.fixture(scope="module", name="trained")
def trained_fixture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("trained") / "start.npz"
    bf.pretrain(path, ["quadratic"], rounds=1, threads=1, meta="linear")
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "arrays", "message"),
    [
        ({"rounds": 2}, {}, "two numbers of rounds"),
        ({}, {"training_counts": np.zeros(2, np.int64)}, "two numbers of rounds"),
        ({}, {"training_counts": np.array([-1, 0])}, "counts must be at least 0"),
        ({}, {"training_counts": np.zeros(3, np.int64)}, "counts must be int64 of shape"),
        ({}, {"training_mean": None}, "arrays must be"),
        ({"horizon": 0}, {}, "horizon must be at least 1"),
        ({"generators": 10**12}, {}, "generators must be at least 2 and at most"),
        ({"generations": []}, {}, "generations must hold"),
        ({"generations": [25, -1]}, {}, "each of generations must be at least 1"),
        ({"sigma": math.inf}, {}, "sigma must be finite"),
        ({"tasks": "quadratic", "seed": -1}, {}, "tasks|seed"),
        ({"distribution": "odd"}, {}, "no distribution named 'odd'"),
        ({"credit": ["run"]}, {}, "holds no training of credit 'run'"),
    ],
)
def test_what_no_training_has(
    trained: bytes, tmp_path: Path, made: dict[str, Any], arrays: dict[str, Any], message: str
) -> None:
    path = tmp_path / "start.npz"
    path.write_bytes(trained)
    with np.load(path) as file:
        said = json.loads(str(file["header"]))["made"]
    rewrite(path, {"made": {**said, **made}}, arrays)
    before = path.read_bytes()
    with pytest.raises(bf.BierlError, match=message) as caught:
        bf.pretrain(path, rounds=3, threads=1, resume=True)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_a_comparison_of_very_many_runs_is_refused_at_once() -> None:
    base = {"task": "quadratic", "dim": 2, "total_steps": 10, "meta": "none"}
    with pytest.raises(bf.ConfigError, match="at most 10000 runs, and this one 60000"):
        bf.compare({"seeds": 30_000, "base": base, "settings": [{"name": "a"}, {"name": "b"}]}, "out", curves=False)
