"""Run directories that version 0.1.0 wrote, with every setting of that version in config.toml, go on to the same bits.

Each ended after 3 generations; `resumed/` holds what the version that wrote it made of it after 5. The bits do not
depend on the processor: these meta-levels use no torch, and with torch, MKL, NumPy and the C library held to SSE they
came out the same. Those of a network do, in its weights, so the run with one is only taken up.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf

DATA = Path(__file__).parents[1] / "data"


def records(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def resumed(name: str, path: Path) -> Path:
    run = shutil.copytree(DATA / name, path / "run", ignore=shutil.ignore_patterns("resumed"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # settings that have another name today
        bf.resume(run, generations=5)
    return run


@pytest.mark.parametrize(
    "name",
    [
        "run_format_1_pgpe_csa",
        "run_format_1_es_direct",
        "run_format_1_nsr_old_names",  # config.toml says behaviour and neighbours
    ],
)
def test_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    run, expected = resumed(name, tmp_path), DATA / name / "resumed"
    assert records(run / "metrics.jsonl") == records(expected / "metrics.jsonl")
    with np.load(run / "policy.npz") as ours, np.load(expected / "policy.npz") as theirs:
        assert ours.files == theirs.files
        header = json.loads(str(ours["header"]))
        assert {**header, **json.loads(str(theirs["header"]))} == header  # which now says more
        for array in set(ours.files) - {"header"}:
            assert ours[array].dtype == theirs[array].dtype
            assert ours[array].tobytes() == theirs[array].tobytes(), array


def test_a_learned_network_is_taken_up(tmp_path: Path) -> None:
    name = "run_format_1_es_lstm"
    before = records(DATA / name / "metrics.jsonl")
    found = records(resumed(name, tmp_path) / "metrics.jsonl")
    assert found[:3] == before
    assert [record["meta_updates"] for record in found] == [1, 2, 3, 4, 5]
    # Proposed by the network as it was saved, before it learns on.
    assert found[3]["sigma"] != before[2]["sigma"]


def test_old_names_are_those_of_the_kept_settings() -> None:
    settings = (DATA / "run_format_1_nsr_old_names" / "config.toml").read_text(encoding="utf-8")
    assert 'behaviour = "final_position"' in settings
    assert "neighbours = 3" in settings
