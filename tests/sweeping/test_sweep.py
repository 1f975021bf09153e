"""Sweeps from their file to their best settings, in processes as a user's."""

from __future__ import annotations

import csv
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from helpers.subprocesses import TIMEOUT, command, running, until
from sweeping.specs import described

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.run import metrics
from bierl_fast.sweeping.search import SweepProgress

TESTS = Path(__file__).parents[1]
PROGRAM = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))  # worker processes have this process's sys.path


def written(spec: dict[str, Any]) -> str:
    Path("spec.toml").write_text(tomli_w.dumps(spec))
    return "spec.toml"


@pytest.mark.slow  # processes that train
def test_runs_are_ordinary_ones_and_the_best_settings_train(capsys: pytest.CaptureFixture[str]) -> None:
    spec = written(described({"task_kwargs": {"noise": 0.5}}, trials=2, seeds=2, objective="best"))
    assert entry(["sweep", spec, "--jobs", "2"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.rstrip().endswith("results: sweeps/spec; next: bierl train --config sweeps/spec/best.toml")
    assert "trial 0: -" in out
    with Path("sweeps/spec/trials.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["state"] for line in lines] == ["complete"] * 2
    for number, line in enumerate(lines):
        for seed in range(2):
            run = Path(f"sweeps/spec/trials/{number:04}/s{seed}")
            best = np.load(run / "best_policy.npz")["parameters"]
            exact = -float(np.square(best.astype(np.float64)).sum())  # judged without the task's noise
            assert float(line[f"return_s{seed}"]) == pytest.approx(exact, rel=1e-14)
        assert float(line["value"]) == pytest.approx((float(line["return_s0"]) + float(line["return_s1"])) / 2)
    first = max(range(2), key=lambda number: float(lines[number]["value"]))
    assert entry(["train", "--config", "sweeps/spec/best.toml", "--seed", "1", "--run-dir", "again", "--quiet"]) == 0
    runs = [Path("again"), Path(f"sweeps/spec/trials/{first:04}/s1")]
    again, before = (np.load(run / "policy.npz")["parameters"] for run in runs)
    np.testing.assert_array_equal(again, before)
    capsys.readouterr()
    assert entry(["sweep", spec, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["best"]["number"] == first
    assert told["best"]["looks"].keys() == {str(number) for number in range(1, 10)}


@pytest.mark.slow
def test_what_is_pruned_ends_early_and_what_dies_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIERL_TEST_MARK", str(Path("mark").resolve()))
    base = {"task": "sweeping.functions:dying_once", "generations": 200, "learning_rate": 0.05}
    space = {"sigma": {"choices": [0.1, 0.2]}}
    seen: list[SweepProgress] = []
    spec = described(base, trials=2, pruner={"name": "threshold", "lower": -1e-3}, space=space, at_once=1)
    found = bf.sweep(spec, "out", jobs=1, observer=seen.append)
    assert Path("mark").exists()
    assert [row.state for row in found.trials] == ["pruned"] * 2
    assert [list(row.looks) for row in found.trials] == [[1], [1]]
    assert found.best is None
    news = [progress.news for progress in seen if progress.news]
    assert any(text.startswith("trial 0 s0: failed: its process was killed by signal 9") for text in news)
    assert any(text.startswith("trial 0: pruned at look 1 of 10") for text in news)
    records = metrics.read(Path("out/trials/0001/s0/metrics.jsonl"))
    assert 20 <= len(records) < 200
    assert (seen[-1].told, seen[-1].pruned, seen[-1].failed) == (2, 2, 0)


@pytest.mark.slow
def test_a_task_that_fails_ends_the_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    spec = written(described({"task": "sweeping.functions:nowhere"}, trials=9, at_once=2))
    assert entry(["sweep", spec, "--out", "out", "--jobs", "2"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("bierl: error: the first 3 trials all failed, and the sweep ends; trial 2: s0: ")
    assert err.count("\n") == 1
    assert "trial 0: failed: s0: " in out


@pytest.mark.slow
def test_a_run_that_diverges_is_the_worst() -> None:
    space = {"learning_rate": {"choices": [0.01, 20.0]}}
    base = {"task": "sweeping.functions:narrow", "sigma": 0.1}
    found = bf.sweep(described(base, trials=4, sampler="grid", space=space, at_once=1), "out", jobs=2)
    values = {row.settings["learning_rate"]: row.value for row in found.trials}
    assert values[20.0] == -math.inf
    assert found.best is not None
    assert found.best.settings["learning_rate"] == 0.01


def generations(run: Path) -> int:
    lines = run / "metrics.jsonl"
    return len(metrics.read(lines)) if lines.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signals(number: signal.Signals, tmp_path: Path) -> None:
    """Saved, with the exit code of `bierl train`, and no process is left; the same command goes on."""
    base = {"task": "sweeping.functions:slow", "generations": 100_000, "checkpoint_seconds": 3600.0, "population": 4}
    spec = written(described(base, trials=2))
    with running([*command(PROGRAM), "sweep", spec, "--out", "out", "--jobs", "2"], cwd=tmp_path) as process:
        runs = [tmp_path / f"out/trials/000{trial}/s0" for trial in range(2)]
        until(lambda: all(generations(run) > 2 for run in runs), process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 128 + number
    assert err.strip() == "bierl: interrupted and saved; the same command goes on"
    assert len(children) == 2
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    for run in runs:
        assert (run / "checkpoint.npz").exists()
        assert not (run / "failure.txt").exists()
