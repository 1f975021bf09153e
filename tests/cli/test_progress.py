"""Progress on a terminal: rates and time left from what this session did."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from bierl_fast.cli.progress import Display, _table
from bierl_fast.config.config import Config
from bierl_fast.evaluation.base import Policy
from bierl_fast.run.callbacks import GenerationEvent, StartEvent
from bierl_fast.run.progress import return_text

CONFIG = Config(task="Hopper-v5", meta="lstm", generations=100, total_steps=50_000)


def record(generation: int, steps: int, meta: dict[str, float | None] | None = None) -> dict[str, Any]:
    return {
        "generation": generation, "env_steps": steps, "mean_return": 1.0, "max_return": 2.0,
        "center_return": None, "sigma": 0.02, "learning_rate": None, "update_norm": 0.25, "meta_steps": steps // 8,
        "meta": meta, "hyperparameters": {}, "evaluation": None,
    }  # fmt: skip


def begin(progress: Display, records: list[dict[str, Any]] | None = None) -> None:
    """A run begins, or goes on after these records."""
    records = records or []
    generation, steps = (records[-1]["generation"], records[-1]["env_steps"]) if records else (-1, 0)
    progress.at_start(StartEvent(**facts_of(progress, generation, steps), records=records))


def done(progress: Display, record: dict[str, Any]) -> None:
    """A generation is done."""
    progress.after_generation(
        GenerationEvent(
            **facts_of(progress, record["generation"], record["env_steps"]),
            record=record,
            policy=cast(Policy, None),
        )
    )


def facts_of(progress: Display, generation: int, steps: int) -> dict[str, Any]:
    return {
        "config": progress.config, "run_dir": None, "generation": generation, "env_steps": steps, "_stop": print
    }  # fmt: skip


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lines_are_thinned_out_and_the_last_one_kept(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Display(CONFIG, Path("run")) as progress:
        begin(progress)
        for generation in range(10):
            clock[0] += 1.0
            done(progress, record(generation, 1000 * (generation + 1)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run directory: run"
    assert [line.split()[1] for line in lines[1:]] == ["1/100", "6/100", "10/100"]
    # 40,000 steps are left at 1,000 a second, and 90 generations at one a second: the steps end first.
    assert lines[-1] == (
        "generations 10/100  return 1  best 2  sigma 0.02  learning rate -  steps 10,000/50,000  steps/s 1,000  "
        "time 0:00:10  left 0:00:40"
    )


def test_a_resumed_run_counts_from_where_it_resumed(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    before = record(40, 20_000) | {"max_return": 7.0}
    with Display(CONFIG, Path("run")) as progress:
        begin(progress, [before])
        clock[0] += 10.0
        done(progress, record(41, 20_500))
    (line,) = capsys.readouterr().out.splitlines()[1:]
    assert "steps/s 50  time 0:00:10  left 0:09:40" in line
    assert "return 1  best 7  " in line  # it does not fall


def test_where_the_files_are_is_said_before_the_first_generation(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(CONFIG, Path("run")) as progress:
        begin(progress)
        assert capsys.readouterr().out == "run directory: run\n"


def test_the_latest_evaluation_stays_where_there_are_any(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    config = CONFIG.replace(eval_interval=2)
    with Display(config, Path("run")) as progress:
        begin(progress)
        for generation in range(4):
            clock[0] += 10.0
            found = {"mean_return": 5.0 * generation, "episodes": 2, "episode_failures": 0} if generation % 2 else None
            done(progress, record(generation, 1000) | {"evaluation": found})
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.partition("evaluated ")[2].split()[0] for line in lines] == ["-", "5", "5", "15"]


def test_what_the_latest_meta_update_said_stays(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    spreads = {"proposal_spread_sigma": 0.1, "proposal_spread_learning_rate": 0.3}
    updates: list[dict[str, float | None] | None] = [
        {"signal_to_noise": 2.345, "update_norm": 0.5, **spreads},
        None,
        {"signal_to_noise": None, "update_norm": 0.0},
        {"signal_to_noise": 1234.5, "update_norm": 0.0, **spreads},
    ]
    with Display(CONFIG, Path("run"), verbose=True) as progress:
        begin(progress)
        for generation, meta in enumerate(updates):
            clock[0] += 10.0
            done(progress, record(generation, 1000, meta))
    lines = capsys.readouterr().out.splitlines()[1:]
    shown = {name: [line.partition(f"{name} ")[2].split()[0] for line in lines] for name in ("signal/noise", "spread")}
    assert shown == {"signal/noise": ["2.35", "2.35", "-", "1.23e+03"], "spread": ["0.3", "0.3", "-", "0.3"]}
    assert ["meta norm 0.5" in line for line in lines] == [True, True, False, False]
    assert all("center -  best of generation 2  update norm 0.25  meta steps " in line for line in lines)


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (-0.0116, "-0.0116"), (99.95, "99.95"), (3482.06, "3482.1")])
def test_returns_near_zero_keep_their_digits(value: float | None, text: str) -> None:
    assert return_text(value) == text


@pytest.mark.parametrize(("meta", "shown"), [("none", set()), ("csa", {"meta steps"}), ("pbt", {"meta steps"})])
def test_what_a_meta_level_does_not_do_is_not_shown(
    meta: str, shown: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with Display(CONFIG.replace(meta=meta), Path("run"), verbose=True) as progress:
        begin(progress)
        done(progress, record(0, 1000, {"best_score": 1.0}))
    out = capsys.readouterr().out
    assert {name for name in ("meta steps", "signal/noise") if name in out} == shown


WARM = CONFIG.replace(warm_start_task="InvertedPendulum-v5", warm_start_limit=5_000, generations=None)


def test_a_warm_start_is_shown_and_not_counted_in_the_runs_rates(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Display(WARM, Path("run")) as progress:
        for generation in range(2):
            clock[0] += 4.0
            progress.warm_start(record(generation, 3000 * (generation + 1)))
        progress.at_start(StartEvent(**facts_of(progress, -1, 6_000), records=[]))
        clock[0] += 10.0
        done(progress, record(0, 7_000))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "run directory: run",
        "warm start InvertedPendulum-v5  generations 1  return 1  steps 3,000/5,000  steps/s 750",
        "warm start InvertedPendulum-v5  generations 2  return 1  steps 6,000/5,000  steps/s 750",
        lines[3],
    ]
    # 1,000 steps of its own in 10 seconds; 43,000 are left.
    assert "steps 7,000/50,000  steps/s 100  time 0:00:18  left 0:07:10" in lines[3]


@pytest.mark.parametrize(("width", "rows"), [(20, None), (80, 4), (140, 2)])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_live_display_fits_and_uses_the_terminals_width(width: int, rows: int | None, verbose: bool) -> None:
    from rich.console import Console

    config = CONFIG.replace(generations=10_000, total_steps=None)
    progress = Display(config, Path("run"), verbose=verbose)
    progress._base = (time.monotonic(), 0, 0)
    facts = progress._facts(record(9_998, 100_000_000, {"signal_to_noise": 1.0}))
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(_table(facts, width))
    text = console.export_text()
    assert "…" not in text
    assert all(name in text and value in text for name, value in facts.items())
    assert verbose or rows is None or len(text.splitlines()) == rows


def test_a_terminal_gets_a_live_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with Display(CONFIG, Path("run")) as progress:
        progress.warm_start(record(0, 1000))
        begin(progress)
        done(progress, record(0, 1000))
    assert "1/100" in capsys.readouterr().out


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(CONFIG, Path("run"), quiet=True) as progress:
        begin(progress)
        done(progress, record(0, 1000))
    assert capsys.readouterr().out == ""
