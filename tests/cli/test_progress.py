"""Progress on a terminal: rates and time left from what this session did."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from bierl_fast.cli.progress import Progress
from bierl_fast.run.config import Config

CONFIG = Config(task="Hopper-v5", generations=100, total_steps=50_000)


def record(generation: int, steps: int) -> dict[str, float | None]:
    return {
        "generation": generation, "env_steps": steps, "mean_return": 1.0, "max_return": 2.0,
        "center_return": None, "sigma": 0.02, "learning_rate": None,
    }  # fmt: skip


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lines_are_thinned_out_and_the_last_one_kept(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(CONFIG, Path("run")) as progress:
        for generation in range(10):
            clock[0] += 1.0
            progress(record(generation, 1000 * (generation + 1)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run directory: run"
    assert [line.split()[1] for line in lines[1:]] == ["1/100", "6/100", "10/100"]
    # 40,000 steps are left at 1,000 a second, and 90 generations at one a second: the steps end first.
    assert lines[-1] == (
        "generation 10/100  return 1.0  best 2.0  center -  sigma 0.02  learning rate -  "
        "steps 10,000  steps/s 1,000  left 0:00:40"
    )


def test_a_resumed_run_counts_from_where_it_resumed(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(CONFIG, Path("run")) as progress:
        progress(record(40, 20_000))
        clock[0] += 10.0
        progress(record(41, 20_500))
    first, last = capsys.readouterr().out.splitlines()[1:]
    assert "steps/s -  left -" in first
    assert "steps/s 50  left 0:09:40" in last


def test_a_terminal_gets_a_live_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with Progress(CONFIG, Path("run")) as progress:
        progress(record(0, 1000))
    assert "1/100" in capsys.readouterr().out


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(CONFIG, Path("run"), quiet=True) as progress:
        progress(record(0, 1000))
    assert capsys.readouterr().out == ""
