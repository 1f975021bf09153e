"""Where a run of the command line starts from where nothing else is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.config.auto import PAID_ALIVE, decided
from bierl_fast.config.starts import FUNCTION, STARTS, start_of
from bierl_fast.evaluation.native import native_ids
from bierl_fast.evaluation.policy.vector import native_functions
from bierl_fast.run import build

TRAIN = ["train", "Hopper-v5", "--generations", "1", "--episode-cap", "20", "--threads", "1"]


@pytest.mark.parametrize("task", sorted(STARTS))
def test_every_start_is_a_run(task: str) -> None:
    assert task in native_ids()
    parts = build.make_parts(bf.Config(task=task, generations=1, **start_of(task, {})))
    parts.evaluator.close()
    assert (parts.config.meta, parts.config.strategy) == ("tpa", "ars")
    assert parts.config.alive_offset == PAID_ALIVE.get(task, 0.0)


@pytest.mark.parametrize(
    "typed",
    [
        ["--strategy", "ars"],
        ["--shaping", "log_rank"],
        ["--momentum", "0.4", "--optimizer", "momentum"],
        ["--adapt", "sigma,momentum", "--optimizer", "momentum"],
        ["--config", "own.toml"],
    ],
)
def test_what_is_said_switches_it_off(typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset, a file, a strategy, or what the start's strategy does not take."""
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text("population = 64\n", encoding="utf-8")
    assert entry([*TRAIN, *typed, "--quiet", "--run-dir", "run"]) == 0
    assert toml.read(Path("run/config.toml"))["population"] == 64


def test_what_is_typed_wins_and_the_first_line_says_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert entry([*TRAIN, "--population", "6", "--hidden", "5,4", "--alive-offset", "0.5"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("start for Hopper-v5: ars, population 6, hidden layers of 5, 4, sigma 0.03")
    saved = toml.read(next(Path("runs").iterdir()) / "config.toml")
    assert (saved["population"], saved["top"], saved["hidden"]) == (6, 1, [5, 4])
    assert (saved["strategy"], saved["meta"], saved["alive_offset"]) == ("ars", "tpa", 0.5)


def test_a_meta_level_that_is_mistyped_may_be_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry([*TRAIN, "--meta", "atuo"]) == 2
    assert "no meta-level named 'atuo'; did you mean 'auto'? known: auto, bo" in capsys.readouterr().err


def test_without_presets_all_tasks_start_alike() -> None:
    found = [start_of(task, {}, "none") for task in STARTS]
    assert all(each == found[0] for each in found)
    assert start_of("Swimmer-v5", {}) != found[0]
    assert start_of("InvertedPendulum-v5", {"population": 12}, "none")["top"] == 3


def test_other_tasks_have_none() -> None:
    assert start_of("CartPole-v1", {}) == {}
    assert start_of(None, {}) == {}
    assert start_of("Hopper-v5", {"dim": 4}) == {}


@pytest.mark.parametrize("function", sorted(native_functions()))
@pytest.mark.parametrize("typed", [[], ["--strategy", "snes"], ["--preset", "none"]])
def test_a_function_has_a_number_of_parameters(
    function: str, typed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the strategy."""
    monkeypatch.chdir(tmp_path)
    assert entry(["train", function, *typed, "--generations", "1", "--run-dir", "run"]) == 0
    strategy = "snes" if "snes" in typed else "es"
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"start for {function}: {strategy}, population 64, {FUNCTION['dim']} parameters, sigma ")
    assert first.endswith(" (--dim N sets another number)")
    assert toml.read(Path("run/config.toml"))["dim"] == FUNCTION["dim"]


def test_a_function_with_a_number_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert start_of("ackley", {"dim": 4}) == {}
    assert entry(["train", "ackley", "--dim", "4", "--generations", "1", "--run-dir", "run"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "start for ackley: es, population 64, 4 parameters, sigma 0.02, learning rate 0.01"
    assert entry(["train", "ackley", "--hidden", "3", "--generations", "1", "--run-dir", "no"]) != 0
    assert "(the task's start sets dim: --dim N sets another number)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        (["CartPole-v1"], "start for CartPole-v1: es, population 64, hidden layers of 64, 64, sigma 0.02, "),
        (["LunarLander-v3", "--population", "6"], "start for LunarLander-v3: es, population 6, hidden layers of 64, "),
        (
            ["Reacher-v5", "--momentum", "0.2", "--hidden", "none"],
            "start for Reacher-v5: es, population 64, linear policy, sigma 0.02, learning rate 0.01, episodes",
        ),
        (["Hopper-v5", "--strategy", "snes"], "run directory: "),
        (["Hopper-v5", "--config", "own.toml"], "run directory: "),
        (["--preset", "ars-hopper"], "run directory: "),
        (
            ["rosenbrock", "--strategy", "cmaes"],
            "start for rosenbrock: cmaes, population 64, 30 parameters, sigma 0.1",
        ),
    ],
)
def test_the_first_line_says_what_nobody_said(
    typed: list[str], first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text("population = 4\n", encoding="utf-8")
    episodes = [] if "rosenbrock" in typed else ["--episode-cap", "5", "--threads", "1"]
    assert entry(["train", *typed, "--generations", "1", *episodes, "--run-dir", "run"]) == 0
    assert capsys.readouterr().out.startswith(first)


PAID: list[tuple[dict[str, Any], float | None]] = [
    ({"task": "Walker2d-v5"}, 1.0),
    ({"task": "Humanoid-v5", "task_kwargs": {"healthy_reward": 2.5}}, 2.5),
    ({"task": "Hopper-v5", "alive_offset": 0.0}, 0.0),
    ({"task": "Hopper-v5", "meta": "tpa"}, None),
    ({"task": "Swimmer-v5"}, None),
    ({"task": "Hopper-v5", "strategy": "cmaes", "separable": True}, 1.0),
]


@pytest.mark.parametrize(("given", "offset"), PAID)
def test_what_is_paid_for_being_alive_is_taken_off(given: dict[str, Any], offset: float | None) -> None:
    """With meta auto, unless it was given; a run of a named meta-level is what it was."""
    assert decided(bf.Config(generations=1, **given)).alive_offset == offset


def test_short_episodes_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their returns are lower than those of an evaluation, which runs whole ones."""
    monkeypatch.chdir(tmp_path)  # whose name may be this test's
    typed = ["--population", "4", "--generations", "1", "--threads", "1"]
    assert entry(["train", "HalfCheetah-v5", *typed, "--run-dir", "short"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert ", episodes of 300 steps (" in first
    assert " in the last, whose episodes end after 300 steps; next: " in last
    assert entry(["train", "Reacher-v5", *typed, "--run-dir", "whole"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert "episodes of" not in first
    assert "whose episodes" not in last
