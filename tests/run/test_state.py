"""How a run stands is one answer, whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

import bierl_fast as bf
from bierl_fast.files import locked
from bierl_fast.run import checkpoint
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loaded import of

CONFIG = bf.Config(task="quadratic", dim=3, strategy="ars", meta="none", population=4, generations=5)


def states(path: Path) -> set[str]:
    """What those who show runs say of this one."""
    (listed,), (loaded,) = bf.runs(path), of(path)
    return {listed.state, bf.show(path).summary.state, loaded.state()}


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    bf.train(CONFIG, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def test_finished_and_running(run: RunDirectory) -> None:
    assert states(run.path) == {"finished"}
    with locked(run.path, RuntimeError()):
        assert states(run.path) == {"running"}


def test_lines_behind_the_checkpoint_are_not_done(run: RunDirectory) -> None:
    """As a killed run leaves them."""
    saved = checkpoint.load(run.checkpoint, run.read_config())
    early = checkpoint.Checkpoint(checkpoint.Counters(4, saved.counters.inner_steps - 4), saved.parts)
    checkpoint.save(run.checkpoint, run.read_config(), early)
    assert states(run.path) == {"interrupted"}


def test_killed_before_its_first_checkpoint(run: RunDirectory) -> None:
    for name in ("metrics.jsonl", "checkpoint.npz", "policy.npz"):
        (run.path / name).unlink()
    assert states(run.path) == {"interrupted"}


@pytest.mark.parametrize("content", [None, b"", b"\xff\0nonsense"])
def test_a_checkpoint_that_is_gone_or_damaged(content: bytes | None, run: RunDirectory) -> None:
    run.checkpoint.unlink()
    if content is not None:
        run.checkpoint.write_bytes(content)
    assert states(run.path) == {"damaged"}
    assert "damaged" in bf.report(run.path)
    assert "bierl resume" not in bf.report(run.path)
