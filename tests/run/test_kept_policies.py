"""Policies of every so many generations, which a run's directory keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry

CONFIG = bf.Config(
    task="InvertedPendulum-v5", strategy="ars", hidden=(), population=4, episode_cap=20, seed=3, threads=1, meta="none"
)


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "policies").iterdir())


def parameters(file: Path) -> bytes:
    return bytes(bf.Policy.load(file).parameters.tobytes())


def test_they_are_those_that_a_run_of_so_many_generations_ends_with(tmp_path: Path) -> None:
    kept = CONFIG.replace(policy_interval=3)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    bf.train(kept.replace(generations=7), whole)
    assert names(whole) == ["000003.npz", "000006.npz"]
    bf.train(kept.replace(generations=4), parts)
    assert names(parts) == ["000003.npz"]
    bf.resume(parts, generations=7)
    assert names(parts) == names(whole)
    for number in (3, 6):
        ended = bf.train(CONFIG.replace(generations=number)).parameters
        for run in (whole, parts):
            file = run / "policies" / f"{number:06d}.npz"
            assert np.array_equal(bf.Policy.load(file).parameters, ended)
    assert parameters(whole / "policies" / "000003.npz") != parameters(whole / "policies" / "000006.npz")


def test_they_are_evaluated_like_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bf.train(CONFIG.replace(generations=2, policy_interval=1), tmp_path / "run")
    capsys.readouterr()
    assert entry(["evaluate", str(tmp_path / "run" / "policies" / "000002.npz"), "--episodes", "2"]) == 0
    kept = capsys.readouterr().out
    assert entry(["evaluate", str(tmp_path / "run"), "--episodes", "2"]) == 0
    assert capsys.readouterr().out == kept


def test_a_run_without_keeps_none(tmp_path: Path) -> None:
    bf.train(CONFIG.replace(generations=2), tmp_path / "run")
    assert not (tmp_path / "run" / "policies").exists()


def test_what_stands_in_their_place_is_said(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "policies").write_text("mine", encoding="utf-8")
    with pytest.raises(OSError, match=r"policies"):
        bf.train(CONFIG.replace(generations=2, policy_interval=1), run)
