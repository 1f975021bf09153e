"""Progress in plain lines, for scripts and notebooks."""

from __future__ import annotations

import pickle

import pytest

import bierl_fast as bf

CONFIG = bf.Config(task="quadratic", dim=3, strategy="ars", meta="none", population=4, generations=5, eval_interval=2)
Captured = pytest.CaptureFixture[str]


def test_a_line_now_and_then_and_the_last(capsys: Captured) -> None:
    bf.train(CONFIG, callbacks=[bf.Progress(seconds=1e9)])
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("generations 1/5  return ")
    assert last.startswith("generations 5/5  return ")
    for word in ("best", "evaluated", "sigma", "learning rate", "steps 25", "steps/s", "time 0:00:0", "left 0:00:00"):
        assert f"  {word}" in last
    bf.train(CONFIG, callbacks=[bf.Progress(seconds=0, verbose=True)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all("  update norm " in line for line in lines)


def test_one_object_for_several_runs(capsys: Captured) -> None:
    shown = bf.Progress(seconds=1e9)
    for task in ("quadratic", "ackley"):
        bf.train(CONFIG.replace(task=task), callbacks=[shown])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["generations 1/5", "generations 5/5"] * 2


def test_it_changes_nothing_and_is_silent_by_itself(capsys: Captured) -> None:
    with_it = bf.train(CONFIG, callbacks=[bf.Progress()])
    capsys.readouterr()
    without = bf.train(CONFIG)
    assert capsys.readouterr() == ("", "")
    assert (with_it.parameters == without.parameters).all()
    assert isinstance(pickle.loads(pickle.dumps(bf.Progress())), bf.Progress)


def test_wrong_arguments() -> None:
    with pytest.raises(bf.ArgumentTypeError, match="seconds must be a number"):
        bf.Progress("often")  # type: ignore[arg-type]
