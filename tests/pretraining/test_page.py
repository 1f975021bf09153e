"""What `bierl show` says of a file that `bierl pretrain` made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.meta.generator_file import WarmStart


def trained(path: Path, rows: list[list[float]] | None = None) -> Path:
    """A generator's file; `rows` are the points of a curve."""
    found = bf.pretrain(path.with_suffix(".small.npz"), ["ackley"], rounds=1, meta="linear", quantiles=2, seed=3)
    training = {} if rows is None else {"curve": np.array(rows)}
    WarmStart(found.shape, found.weights, found.steps, found.made, training).save(path)
    return path


def test_how_it_was_made_and_its_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The round that is kept is the first of those that validated best."""
    rows = [[0, 0.5, 0.5, 0.5, 0.25], [5, 0.5, 0.75, 0.5, 0.25], [10, 0.75, 0.5, 0.5, 0.25], [15, 0.25, 0.5, 0.5, 0.25]]
    path = str(trained(tmp_path / "long.npz", rows))
    assert entry(["show", path]) == 0
    first, reads, made, *table, kept = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}: a generator, linear, ")
    assert "odd_share" in reads
    assert "tasks ackley, seed 3" in made
    assert [line.split()[:3] for line in table[2:]] == [
        ["0", "0.500", "50%"], ["5", "0.500", "75%"], ["10", "0.750", "50%"], ["15", "0.250", "50%"],
    ]  # fmt: skip
    assert kept == "it holds the weights of round 5, which validated best"
    assert entry(["show", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kept"], told["curve"][3]["score"], told["made"]["rounds"]) == (5, 0.25, 1)


def test_without_a_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(trained(tmp_path / "short.npz"))
    assert entry(["show", path]) == 0
    assert "validated" not in capsys.readouterr().out
    assert entry(["show", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kept"], told["curve"]) == (None, [])


def test_other_files_are_no_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "notes.npz"
    other.write_text("no archive")
    assert entry(["show", str(other)]) == 1
    assert "is a file; name the directory of a run" in capsys.readouterr().err
