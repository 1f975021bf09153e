"""Comparisons from their file to their tables, in processes as a user's."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparison import functions
from comparison.specs import described, written
from helpers.warm_starts import shorten

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.comparison.crew import ComparisonProgress
from bierl_fast.errors import ConfigError, RunDirectoryError, UnknownNameError
from bierl_fast.messages import F32
from bierl_fast.pretraining.api import pretrain
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory

TESTS = Path(__file__).parents[1]
NOISY = {"task_kwargs": {"noise": 0.5}, "sigma": 0.1, "learning_rate": 0.05}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(TESTS))  # worker processes have this process's sys.path


def compare(comparison: dict[str, Any], **more: Any) -> Any:
    return bf.compare(comparison, "out", curves=False, **more)


def results() -> list[dict[str, str]]:
    with Path("out/results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def value(x: F32) -> Any:
    """The quadratic, up to the order of its sum."""
    return pytest.approx(-float(np.square(x.astype(np.float64)).sum()), rel=1e-14)


def trained(directory: Path, setting: dict[str, Any]) -> Any:
    """One of the comparison's runs, as `bierl train` makes it."""
    saved = RunDirectory(directory).read_config()
    assert all(getattr(saved, name) == value for name, value in setting.items())
    return bf.train(saved)


@pytest.mark.slow
def test_runs_are_ordinary_ones_and_their_numbers_are_exact() -> None:
    seen: list[ComparisonProgress] = []
    comparison = described(
        NOISY, seeds=2, settings=[{"name": "fast"}, {"name": "slow", "learning_rate": {"times": 0.1}}]
    )
    found = compare(comparison, observer=seen.append)
    assert [row.state for row in found.rows] == ["finished"] * 4
    assert (seen[-1].finished, seen[-1].steps) == (4, 2000)
    assert seen[0].finished == 0
    lines = results()
    assert [line["setting"] for line in lines] == ["fast", "fast", "slow", "slow"]
    for line, row in zip(lines, found.rows, strict=True):
        directory = Path(f"out/runs/quadratic/es-none-{row.setting}-s{row.seed}")
        same = trained(directory, {"learning_rate": 0.05 if row.setting == "fast" else 0.005})
        np.testing.assert_array_equal(np.load(directory / "policy.npz")["parameters"], same.parameters)
        last = metrics.read(directory / "metrics.jsonl")[-1]
        assert int(line["env_steps"]) == last["env_steps"] >= 500
        # Without the task's noise, so exactly the function's value.
        assert float(line["final_return"]) == value(same.parameters)
        initial = bf.make_evaluator("quadratic", dim=10).policy.initial_parameters(seed=row.seed)
        assert float(line["initial_return"]) == value(initial)
        assert float(line["wall_seconds"]) > 0.0
    assert all(0.0 < row.score < 1.2 for row in found.rows)
    summary = json.loads(Path("out/summary.json").read_text())
    assert [cell["finished"] for cell in summary["cells"]] == [2, 2]


def test_finished_runs_stay_and_reports_repeat_themselves() -> None:
    comparison = described(seeds=2)
    compare(comparison)
    files = [Path("out", name) for name in ("results.csv", "summary.json", "summary.md")]
    before = [file.read_bytes() for file in files]
    stamps = {path: path.stat().st_mtime_ns for path in Path("out/runs").rglob("*") if path.is_file()}
    for report in (False, True):
        for file in files:
            file.unlink()
        compare(comparison, report=report)
        assert [file.read_bytes() for file in files] == before
        assert {path: path.stat().st_mtime_ns for path in Path("out/runs").rglob("*") if path.is_file()} == stamps


@pytest.mark.slow  # many runs, each a process
def test_more_of_everything_goes_on_where_the_runs_are() -> None:
    compare(described(evaluation={"episodes": 3}))
    longer = described({"total_steps": 900}, seeds=2)
    rows = compare(longer).rows
    assert all(900 <= row.env_steps < 920 for row in rows)
    whole = bf.train(RunDirectory(Path("out/runs/quadratic/es-none-s0")).read_config())
    assert rows[0].final_return == value(whole.parameters)
    with pytest.raises(RunDirectoryError, match=r"total_steps was 900, is 500, and a run does not go back"):
        compare(described())


def test_other_settings_under_the_same_name_are_refused_and_nothing_is_touched() -> None:
    compare(described({"sigma": 0.1}))
    before = Path("out/results.csv").read_bytes()
    message = r"es-none-s0 holds a run with other settings than .*: sigma was 0.1, is 0.2; take another --out"
    for report in (False, True):
        with pytest.raises(RunDirectoryError, match=message):
            compare(described({"sigma": 0.2}, seeds=2), report=report)
    assert Path("out/results.csv").read_bytes() == before
    assert not Path("out/runs/quadratic/es-none-s1").exists()
    bf.train(bf.Config(task="quadratic", dim=3, meta="none", generations=1), "out/runs/quadratic/es-none-s2")
    with pytest.raises(RunDirectoryError, match=r"es-none-s2 already holds a run"):
        compare(described({"sigma": 0.1}, seeds=[2]))


def test_a_report_of_unfinished_runs_trains_nothing() -> None:
    with pytest.raises(RunDirectoryError, match="no comparison at out to report on"):
        compare(described(), report=True)
    Path("out").mkdir()
    (row,) = compare(described(), report=True).rows
    assert (row.state, row.env_steps, row.score) == ("new", None, None)
    assert not Path("out/runs").exists()


@pytest.mark.slow
def test_runs_killed_at_any_moment_go_on() -> None:
    """Before its first checkpoint; between its last one and its evaluation; with a damaged evaluation."""
    comparison = described(seeds=3)
    expected = [row.final_return for row in compare(comparison).rows]
    runs = [Path(f"out/runs/quadratic/es-none-s{seed}") for seed in range(3)]
    for name in ("checkpoint.npz", "policy.npz", "evaluation.json"):
        (runs[0] / name).unlink()
    (runs[0] / "config.toml").write_text("")
    (runs[1] / "evaluation.json").unlink()
    (runs[2] / "evaluation.json").write_text("{")
    trained_at = (runs[1] / "checkpoint.npz").stat().st_mtime_ns
    assert [row.state for row in compare(comparison, report=True).rows] == ["new", "unfinished", "unfinished"]
    assert [row.final_return for row in compare(comparison).rows] == expected
    assert (runs[1] / "checkpoint.npz").stat().st_mtime_ns == trained_at


@pytest.mark.slow
def test_a_failed_run_is_told_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BIERL_TEST_FAIL", str(tmp_path / "fail"))
    tasks = [
        {"name": "bad", "task": "comparison.functions:failing"},
        {"name": "dead", "task": "comparison.functions:dying", "sigma": 0.1, "learning_rate": 0.05},
        {"name": "good", "task": "quadratic"},
    ]
    path = written(tmp_path / "mine.toml", described({"dim": 4}, tasks=tasks))
    (tmp_path / "fail").touch()
    assert entry(["compare", str(path), "--out", "out", "--no-curves", "--jobs", "2"]) == 1
    out, err = capfd.readouterr()
    assert (
        "bad/es-none-s0: failed: ArithmeticError: out of luck; raised by comparison.functions:failing in row 0" in out
    )
    assert "dead/es-none-s0: failed: its process was killed by signal 9: out of memory? (SIGKILL); out/runs/dead" in out
    assert "good/es-none-s0: done" in out
    assert "1 of 3 runs finished, 2 failed." in out
    assert err.startswith("bierl: error: 2 of 3 runs failed; out/runs/bad/es-none-s0: ArithmeticError: out of luck")
    assert err.count("\n") == 1
    assert [line["state"] for line in results()] == ["failed", "failed", "finished"]
    (tmp_path / "fail").unlink()
    assert entry(["compare", str(path), "--out", "out", "--no-curves", "--quiet"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("bierl: error: 1 of 3 runs failed; out/runs/dead")
    assert [line["state"] for line in results()] == ["finished", "failed", "finished"]


@pytest.mark.slow
def test_runs_of_another_generator_under_the_same_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm start's file may be written anew; what was begun with the one before is not mixed with the next."""
    shorten(monkeypatch)
    shape: dict[str, Any] = {"encoder_size": 3, "generator_hidden": 3, "quantiles": 2, "history": 2}
    pretrain("w.npz", ("quadratic",), rounds=1, **shape)
    comparison = described({"meta": "lstm", "warm_start": "w.npz", "meta_budget": 0.0}, seeds=1)
    compare(comparison)
    Path("w.npz").rename("gone.npz")
    pretrain("w.npz", ("quadratic",), rounds=1, seed=1, **shape)
    with pytest.raises(RunDirectoryError, match=r"the generator in warm_start w.npz was another; take another --out"):
        compare({**comparison, "seeds": 2})
    Path("gone.npz").replace("w.npz")
    assert [row.state for row in compare({**comparison, "seeds": 2}).rows] == ["finished"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("episodes", [1, 2])
def test_a_run_that_diverges_is_at_its_end_and_counts_as_the_worst(episodes: int) -> None:
    """What leaves the task's domain must not drop out of the numbers; a task without any value is a failure."""
    settings = [{"name": "steady", "learning_rate": 0.01}, {"name": "wild", "learning_rate": 20.0}]
    tasks = [{"name": "narrow", "task": "comparison.functions:narrow"}]
    base = {"dim": 4, "sigma": 0.1, "episodes_per_candidate": episodes}
    comparison = described(base, tasks=tasks, settings=settings, seeds=2)
    news: list[str | None] = []
    found = compare(comparison, observer=lambda progress: news.append(progress.news))
    assert [row.state for row in found.rows] == ["finished"] * 4
    assert [row.final_return == -math.inf for row in found.rows] == [False, False, True, True]
    assert all(row.score == -math.inf for row in found.rows[2:])
    assert any(text and "diverged, which counts as the worst return: all candidates failed" in text for text in news)
    again: list[str | None] = []
    compare(comparison, observer=lambda progress: again.append(progress.news))
    assert not any(again)  # nothing is run again
    broken = described({"dim": 4}, tasks=[{"name": "broken", "task": "comparison.functions:nowhere"}])
    assert [row.state for row in bf.compare(broken, "other", curves=False).rows] == ["failed"]


@pytest.mark.slow
@pytest.mark.parametrize("interval", [0, 1])
def test_a_run_whose_evaluation_failed_in_every_episode_is_a_failed_run(interval: int) -> None:
    base = {"dim": 4, "sigma": 1.0, "learning_rate": 1e-9, "center_episodes": 0, "eval_interval": interval}
    found = compare(described(base, tasks=[{"name": "hollow", "task": "comparison.functions:hollow"}]))
    assert [row.state for row in found.rows] == ["failed"] * len(found.rows)
    for why in found.failures.values():
        assert why.startswith("all ")
        assert "episodes of the evaluation failed; row 0: " in why


def test_a_python_function_is_compared_by_its_import_path() -> None:
    (row,) = compare(described({"dim": 4, "task": functions.narrow})).rows
    assert (row.task, row.state) == ("comparison.functions:narrow", "finished")
    with pytest.raises(ConfigError, match=r"cannot import the task <.*lambda.*top level of a module"):
        compare(described({"dim": 4, "task": lambda x: 0.0}))
    with pytest.raises(ConfigError, match=r"cannot import the behavior <.*lambda.*top level of a module"):
        compare(described({"behavior": lambda env, observation, info: [0.0]}))


@pytest.mark.slow
def test_one_task_at_a_time() -> None:
    comparison = described(tasks=[{"name": "one"}, {"name": "two"}])
    assert [row.state for row in compare(comparison, tasks=["two"]).rows] == ["new", "finished"]
    assert [row.state for row in compare(comparison, tasks=["one"]).rows] == ["finished", "finished"]
    with pytest.raises(
        UnknownNameError, match=r"no task of the comparison named 'tow'; did you mean 'two'\? known: one, two"
    ):
        compare(comparison, tasks=["tow"])


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "mine.toml", described())
    assert entry(["compare", str(path), "--no-curves"]) == 0
    out, err = capsys.readouterr()
    assert out.rstrip().endswith("results: comparisons/mine")
    assert "| none       |" in out
    assert err == ""
    assert entry(["compare", str(path), "--no-curves", "--report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["finished"] == 1
    for arguments, message in (
        (["absent.toml"], "absent.toml: cannot be read"),
        ([str(path), "--jobs", "0"], "jobs must be at least 1 and at most 1024, got 0"),
        ([str(path), "--jbos", "1"], "no option --jbos; did you mean '--jobs'?"),
    ):
        assert entry(["compare", *arguments, "--out", "other"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ({"winner_share": 0.5}, "the comparison: base: strategy 'es' takes no option winner_share"),
        ({"meta": "lstm", "warm_start": "absent.npz"}, "the comparison: base: warm_start: .*absent.npz"),
        (
            {"meta": "lstm", "warm_start_task": "Nowhere-v1", "warm_start_limit": 10, "meta_budget": 0.0},
            "the comparison: base: .*Nowhere-v1",
        ),
    ],
)
def test_what_parts_refuse_leaves_nothing_behind(base: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare(described(base))
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.slow  # two processes that import torch
def test_what_a_stopped_warm_start_left_does_not_stand_in_the_way() -> None:
    """The run begins anew, and so ends as one that was never stopped."""
    settings = {"meta": "mlp", "warm_start_task": "rastrigin", "warm_start_limit": 90, "meta_interval": 1}
    cheap = {"meta_candidates": 2, "meta_pairs": 1, "meta_episodes": 1, "meta_budget": 0.9}
    (row,) = compare(described({**settings, **cheap})).rows
    directory = Path("out/runs/quadratic/es-mlp-s0")
    left = (directory / "warm_start.npz").read_bytes()
    before = np.load(directory / "policy.npz")["parameters"]
    for file in directory.iterdir():
        if file.name not in {"warm_start.npz", "planned.toml"}:
            file.unlink()
    (again,) = compare(described({**settings, **cheap})).rows
    assert (again.state, again.warm_start_steps) == (row.state, row.warm_start_steps)
    assert (row.state, row.warm_start_steps) == ("finished", 92)  # the end of its last generation
    assert (directory / "warm_start.npz").read_bytes() == left
    np.testing.assert_array_equal(np.load(directory / "policy.npz")["parameters"], before)


def test_two_comparisons_do_not_share_a_directory() -> None:
    Path("out").mkdir()
    with (
        RunDirectory(Path("out")).held(),
        pytest.raises(RunDirectoryError, match="the comparison in out is under way in another process"),
    ):
        compare(described())
    with RunDirectory(Path("out")).held():  # but one may look at it
        assert {row.state for row in compare(described(), report=True).rows} == {"new"}


@pytest.mark.slow  # two processes that import torch
def test_a_run_too_short_for_its_meta_level_warns_once() -> None:
    news: list[str] = []
    comparison = described({"meta": "lstm", "total_steps": 32}, seeds=2)
    result = compare(comparison, observer=lambda progress: news.append(progress.news or ""))
    assert {row.meta_updates for row in result.rows} == {0}
    assert sum("the run ended before the first update of its meta-level" in text for text in news) == 1


def test_curves_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"pip install 'bierl-fast\[plot\]', or leave the curves out \(--no-curves\)"):
        bf.compare(described(), "out")
    assert list(Path.cwd().iterdir()) == []
    whole = bf.compare(described(), "out", curves=False)
    with pytest.warns(bf.RunWarning, match="^the curves are left out: .*pip install"):
        again = bf.compare(described(), "out", report=True)
    assert again.rows == whole.rows
    assert not Path("out", "curves").exists()
