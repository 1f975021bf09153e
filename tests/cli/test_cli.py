"""The command line over fakes: exit codes, one-line errors, what is printed and what is not."""

from __future__ import annotations

import dataclasses
import errno
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.fakes import Fakes
from helpers.outcomes import fails

from bierl_fast.cli.main import cli, entry
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.run import checkpoint, metrics

Captured = pytest.CaptureFixture[str]
TRAIN = ("train", "Parabola-v0", "--population", "6", "--generations", "8")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "trian",
            "no command named 'trian'; did you mean 'train'? known: compare, completion, diagnose,",
        ),
        ("train --popluation 3", "'--population'"),
        ("train", "no task given"),
        ("train Hopper-v5", "a run needs an end"),
        ("train Walker2d", "no task named 'Walker2d'; did you mean 'Walker2d-v5'?"),
        ("train rastrigen --dim 3", "no function named 'rastrigen'; did you mean 'rastrigin'?"),
        ("train Ant-v5 --strategy sne", "no strategy named 'sne'; did you mean 'snes'?"),
        ("train Hopper-v5 extra --generations 1", "unexpected extra argument"),
        ("train Hopper-v5 --generations 0", "generations must be at least 1 and at most 9007199254740992, got 0"),
        ("train Hopper-v5 --generations 1.5", "'1.5' is not a whole number"),
        ("train Hopper-v5 --population 63", "population must be even"),
        ("train Hopper-v5 --sigma abc", "'abc' is not a number"),
        ("train Hopper-v5 --sigma nan", "sigma must be finite and above 0.0, got nan"),
        ("train Hopper-v5 --sigma 0", "sigma must be finite and above 0.0, got 0.0"),
        ("train Hopper-v5 --learning-rate inf", "learning_rate must be finite"),
        ("train Hopper-v5 --threads 0", "threads must be at least 1 and at most 1024, got 0"),
        ("train Hopper-v5 --meta lstm --meta-budget 0", "meta_budget must be above 0"),
        ("train Hopper-v5 --crn pairs", "did you mean 'pair'?"),
        ("train Hopper-v5 --hidden 64,x", "'64,x' is not whole numbers with commas between"),
        ("train Hopper-v5 --task-kwarg frame_skip", "is not name=value"),
        ("train Hopper-v5 --task-kwarg a=True", "is not name=value"),
        ("train Hopper-v5 --generations 1 --workers 2", "Hopper-v5 is native and runs on threads; give threads"),
        ("train Hopper-v5 --preset nonsense --generations 1", "no preset named 'nonsense'"),
        ("train Hopper-v5 --config absent.toml --generations 1", "cannot read absent.toml"),
        ("resume", "Missing argument 'DIR'"),
        ("evaluate x --episodes 0", "episodes must be at least 1 and at most 1048576, got 0"),
        ("evaluate x --threads 0", "threads must be at least 1 and at most 1024, got 0"),
        ("diagnose x --proposals 5", "proposals must be even (antithetic pairs), got 5"),
        ("diagnose x --proposals 0", "proposals must be at least 2 and at most 1048576, got 0"),
        ("diagnose x --generations 5,0", "each of generations must be at least 1 and at most 1048576, got 0"),
        ("diagnose x --generations none", "generations must be one or more different numbers, got []"),
        ("diagnose x --generations 5,5", "generations must be one or more different numbers, got [5, 5]"),
        ("diagnose x --generations 1,a", "'1,a' is not whole numbers with commas between"),
        ("diagnose x --episodes 0", "episodes must be at least 1 and at most 1048576, got 0"),
        ("diagnose x --seed -1", "seed must be at least 0 and at most 18446744073709551615, got -1"),
        ("diagnose", "Missing argument 'DIR'"),
        ("evaluate x --threads 1025", "threads must be at least 1 and at most 1024, got 1025"),
        ("train Hopper-v5 --generations 1 --adapt weight_decay", "weight_decay, which is 0.0 and so has no range"),
        ("train Hopper-v5 --generations 1 --sigma 1e-44", "the lower end of sigma's range must be above 0"),
        ("train Hopper-v5 --generations 1 --hidden 65537", "at most 65536, got [65537]"),
    ],
)
def test_bad_arguments_exit_with_2(arguments: str, message: str, capsys: Captured) -> None:
    fails(capsys, 2, message, *arguments.split())
    assert list(Path.cwd().iterdir()) == []


def test_an_unknown_key_in_a_file_exits_with_2(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("popluation = 4", encoding="utf-8")
    fails(capsys, 2, "did you mean 'population'?", "train", "Hopper-v5", "--config", "mine.toml")


@pytest.mark.parametrize("command", ["resume", "evaluate", "diagnose"])
def test_a_missing_or_damaged_directory_exits_with_1(
    command: str, capsys: Captured, tmp_path: Path, fakes: Fakes
) -> None:
    fails(capsys, 1, "no run directory at absent", command, "absent")
    fails(capsys, 1, "holds no run", command, ".")
    assert entry([*TRAIN, "--run-dir", "run", "--quiet"]) == 0
    for name in ("checkpoint.npz", "policy.npz"):
        (tmp_path / "run" / name).unlink()
    fails(capsys, 1, "no policy at" if command == "evaluate" else "no checkpoint at", command, "run")


def test_train_prints_its_progress_and_where_it_went(fakes: Fakes, capsys: Captured, tmp_path: Path) -> None:
    assert entry(TRAIN) == 0
    out, err = capsys.readouterr()
    first, where, *lines, last = out.splitlines()
    assert err == ""
    assert first.startswith("start for Parabola-v0: es, population 6, ")
    assert where == "run directory: runs/Parabola-v0-es-tpa-s0-1"
    assert lines[-1].startswith("generations 8/8  return ")
    assert all(word in lines[-1] for word in ("sigma", "learning rate", "steps/s", "left"))
    assert last.startswith("8 generations, ")
    where = "runs/Parabola-v0-es-tpa-s0-1"
    assert last.endswith(f"; next: bierl evaluate {where}; also bierl show, plot, record, export")
    assert len(metrics.read(tmp_path / "runs/Parabola-v0-es-tpa-s0-1/metrics.jsonl")) == 8
    assert entry(TRAIN) == 0
    assert (tmp_path / "runs/Parabola-v0-es-tpa-s0-2").is_dir()


def test_quiet_prints_nothing(fakes: Fakes, capfd: Captured) -> None:
    assert entry([*TRAIN, "--quiet", "--generations", "2"]) == 0  # ends before its first meta-update: no warning
    assert capfd.readouterr() == ("", "")


def test_resume_takes_new_totals(fakes: Fakes, capsys: Captured, tmp_path: Path) -> None:
    assert entry([*TRAIN, "--run-dir", "run"]) == 0
    assert entry(["resume", "run", "--generations", "12"]) == 0
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == 12
    capsys.readouterr()
    assert entry(["resume", "run"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("bierl: warning: run has already reached its end: 12 generations")
    assert out.startswith("12 generations, ")
    fails(capsys, 1, "`bierl resume run`", *TRAIN, "--run-dir", "run")
    fails(capsys, 2, "generations must be at least 1", "resume", "run", "--generations", "0")


def test_an_interrupted_run_exits_with_130(fakes: Fakes, capsys: Captured, tmp_path: Path) -> None:
    def interrupt(population: Any) -> None:
        if population.key.generation == 4:
            raise KeyboardInterrupt

    def arrange(parts: Any) -> None:
        parts.evaluator.before = interrupt

    fakes.on_build = arrange
    assert entry([*TRAIN, "--run-dir", "run"]) == 130
    assert "go on with `bierl resume run`" in capsys.readouterr().err
    fakes.on_build = lambda _: None
    assert entry(["resume", "run", "--quiet"]) == 0
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == 8


def test_an_interrupted_run_that_was_not_saved_says_so(
    fakes: Fakes, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def interrupt(population: Any) -> None:
        if population.key.generation == 4:
            monkeypatch.setattr(checkpoint, "save", refuse)
            raise KeyboardInterrupt

    def arrange(parts: Any) -> None:
        parts.evaluator.before = interrupt

    fakes.on_build = arrange
    assert entry([*TRAIN, "--run-dir", "run", "--quiet", "--checkpoint-seconds", "3600"]) == 1
    err = capsys.readouterr().err.strip()
    assert err == (
        "bierl: error: interrupted; and run/checkpoint.npz could not be brought up to date: "
        "[Errno 28] No space left on device: 'run/checkpoint.npz'"
    )


def test_a_run_interrupted_before_it_began_saved_nothing(fakes: Fakes, capsys: Captured, tmp_path: Path) -> None:
    def interrupt(parts: Any) -> None:
        raise KeyboardInterrupt

    fakes.on_build = interrupt
    assert entry([*TRAIN, "--run-dir", "run"]) == 130
    err = capsys.readouterr().err.strip()
    assert err == "bierl: interrupted before the run began; nothing was saved"
    assert list(tmp_path.iterdir()) == []


def test_a_refused_run_leaves_no_directory(capsys: Captured, tmp_path: Path) -> None:
    run = ("train", "Hopper-v5", "--generations", "1", "--meta", "none")
    for where in ((), ("--run-dir", "deep/run")):
        fails(capsys, 2, "did you mean 'es'?", *run, "--strategy", "ess", *where)
        fails(capsys, 2, "nonsense", *run, "--task-kwarg", "nonsense=1", *where)
        assert list(tmp_path.iterdir()) == []


def failing(error: Exception) -> Callable[[Any], None]:
    def evaluate(population: Any) -> None:
        raise error

    def arrange(parts: Any) -> None:
        parts.evaluator.before = evaluate

    return arrange


def test_a_failure_is_one_line_unless_debug(fakes: Fakes, capsys: Captured) -> None:
    fakes.on_build = failing(RuntimeError("every candidate failed:\nlower sigma"))
    assert entry(TRAIN) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[1:] == ["run directory: runs/Parabola-v0-es-tpa-s0-1"]  # it holds what led there
    assert told.err == "bierl: error: every candidate failed: lower sigma\n"
    fakes.on_build = failing(KeyError("x"))
    fails(capsys, 1, "KeyError: 'x' (--debug shows where)", *TRAIN, "--quiet")
    assert entry([*TRAIN, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_evaluate_as_table_and_json(fakes: Fakes, capsys: Captured) -> None:
    assert entry([*TRAIN, "--run-dir", "run", "--quiet"]) == 0
    assert entry(["evaluate", "run", "--episodes", "5"]) == 0
    assert "Parabola-v0: 5 fresh episodes, seed 0\n  return  " in capsys.readouterr().out
    assert entry(["evaluate", "run", "--episodes", "5", "--seed", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() >= {"mean_return", "std_return", "min_return", "max_return", "episodes"}
    assert (report["episodes"], report["seed"]) == (5, 3)


def test_layers_of_settings(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml, "PRESETS", tmp_path)
    (tmp_path / "quick.toml").write_text(
        "# Quick.\npopulation = 4\nsigma = 0.5\nhidden = [8]\ngenerations = 99\n", encoding="utf-8"
    )
    (tmp_path / "mine.toml").write_text('task = "Parabola-v0"\npopulation = 6\nsigma = 0.25\n', encoding="utf-8")
    typed = "--sigma 0.125 --no-obs-norm --hidden linear --generations none --total-steps 1e2 --seed 7 --meta lstm"
    kwargs = [
        "--task-kwarg",
        "a=0.5",
        "--task-kwarg",
        "b=[1, 2]",
        "--adapt",
        "sigma",
        "--sigma-range",
        "0.01,1",
        "--threads",
        "2",
    ]
    assert entry(["train", "--preset", "quick", "--config", "mine.toml", *typed.split(), *kwargs, "--quiet"]) == 0
    assert fakes.last.config == Config(
        task="Parabola-v0",
        meta="lstm",
        meta_candidates=8,
        population=6,
        sigma=0.125,
        learning_rate=0.05,
        momentum=0.9,
        shaping="centered_rank",
        optimizer="adam",
        hidden=(),
        obs_norm=False,
        total_steps=100,
        seed=7,
        threads=2,
        task_kwargs={"a": 0.5, "b": [1, 2]},
        adapt=("sigma",),
        sigma_range=(0.01, 1.0),
    )
    saved = next((tmp_path / "runs").iterdir()) / "config.toml"
    assert entry(["train", "--config", str(saved), "--quiet"]) == 0
    assert toml.compose(toml.read(saved)) == fakes.last.config


def test_a_warm_start_names_the_runs_meta_level(tmp_path: Path) -> None:
    typed = ["quadratic", "--dim", "3", "--generations", "1", "--warm-start", "linear"]
    assert entry(["train", *typed, "--quiet"]) == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["quadratic-es-linear-s0-1"]


@pytest.mark.parametrize(
    ("typed", "blamed"),
    [
        ("Hopper-v5 --strategy esac", "squash"),
        ("quadratic --dim 3", "action_noise, episode_cap, log_std, obs_norm, squash"),
        ("Hopper-v5 --warm-start lstm", "warm_start_task"),
        ("Hopper-v5 --population 3", None),  # typed here: the preset has no part in it
        ("Hopper-v5 --strategy esac --config mine.toml", None),
    ],
)
def test_an_error_about_what_a_preset_sets_says_so(
    typed: str, blamed: str | None, capsys: Captured, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text('squash = "none"\n', encoding="utf-8")
    assert entry(["train", *typed.split(), "--preset", "paper", "--generations", "3", "--quiet"]) == 2
    said = capsys.readouterr().err.partition("(preset 'paper' sets ")[2]
    assert said.partition(":")[0] == (blamed or "")


def test_typed_arguments_join_those_of_the_file_unless_the_task_is_another(fakes: Fakes, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'task = "Parabola-v0"\ngenerations = 1\nmeta = "none"\n[task_kwargs]\na = 1\nb = 2\n', encoding="utf-8"
    )
    typed = ["--config", "mine.toml", "--quiet", "--task-kwarg", "b=3"]
    assert entry(["train", *typed]) == 0
    assert fakes.last.config.task_kwargs == {"a": 1, "b": 3}
    assert entry(["train", "Parabola-v1", *typed]) == 0
    assert fakes.last.config.task_kwargs == {"b": 3}


def test_help_shows_every_setting() -> None:
    words = CliRunner().invoke(cli, ["train", "--help-all"], terminal_width=400).output.split()
    text = " ".join(words)  # however the help was broken into lines
    for field in dataclasses.fields(Config):
        assert field.metadata["help"] in text or field.name == "task"
    for option in ("--run-dir", "--config", "--preset", "--workers", "--quiet", "--no-obs-norm"):
        assert option in text


def test_info_and_presets(capsys: Captured) -> None:
    assert entry(["info"]) == 0
    assert "instruction_set" in capsys.readouterr().out
    assert entry(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["versions"].keys() >= {"bierl_fast", "python", "numpy", "torch", "mujoco", "gymnasium"}
    assert facts.keys() >= {"compiler", "instruction_set", "cores"}
    assert entry(["presets", "--json"]) == 0
    assert [preset["name"] for preset in json.loads(capsys.readouterr().out)] == list(toml.presets())
    assert entry(["presets", "ars-swimmer"]) == 0
    assert tomllib.loads(capsys.readouterr().out) == toml.read_preset("ars-swimmer")
    assert entry(["presets", "ars-swimmer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "Swimmer-v5"
    assert entry(["presets", "ars-swimer"]) == 2
    assert "did you mean 'ars-swimmer'" in capsys.readouterr().err


def test_the_module_runs_and_starts_light() -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "bierl_fast", "train", "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0
    assert ran.stdout.startswith("Usage: bierl train")
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert not loaded & {"torch", "mujoco", "gymnasium", "rich"}
