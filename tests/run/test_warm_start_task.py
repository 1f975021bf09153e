"""A run that trains its generator on an easy task first: seen, kept in its directory, and safe from Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.settings import taken
from helpers.warm_starts import CHEAP, SHAPE, Interrupting

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.cli.progress import Display
from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning, UnknownNameError
from bierl_fast.meta.generator_file import WarmStart

RUN: dict[str, Any] = {"task": "quadratic", "dim": 8, "population": 8, "generations": 6, "threads": 1, **CHEAP, **SHAPE}
WARM = bf.Config(**RUN, warm_start_task="rastrigin", warm_start_limit=300, meta_budget=0.5)


def flags(config: bf.Config) -> list[str]:
    names = [*RUN, "warm_start_task", "warm_start_limit", "meta_budget"]
    typed = [(name, getattr(config, name)) for name in names if name != "task"]
    return [config.task_name, *(text for name, value in typed for text in (f"--{name.replace('_', '-')}", str(value)))]


def test_it_is_seen_and_kept(tmp_path: Path) -> None:
    """The run goes the same way from the file as from what it learned itself."""
    seen: list[dict[str, Any]] = []
    whole = bf.train(WARM, tmp_path / "run", warm_start_observer=seen.append)
    found = WarmStart.load(tmp_path / "run" / "warm_start.npz")
    assert found.steps == seen[-1]["env_steps"] == whole.metrics[-1]["warm_start_steps"]
    assert [record["generation"] for record in seen] == list(range(len(seen)))
    assert found.made == {"credit": "one_step", "tasks": ["rastrigin"], "seed": 0}
    reused = WARM.replace(warm_start=str(tmp_path / "run" / "warm_start.npz"), warm_start_task=None)
    again = bf.train(reused)
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    assert again.metrics[-1]["warm_start_steps"] == 0


def test_ctrl_c_keeps_what_was_learned(tmp_path: Path) -> None:
    keys = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        bf.train(WARM, tmp_path / "run", warm_start_observer=keys)
    file = tmp_path / "run" / "warm_start.npz"
    assert list((tmp_path / "run").iterdir()) == [file]
    found = WarmStart.load(file)
    assert found.steps == keys.steps
    assert found.made["interrupted"] is True
    with pytest.raises(RunDirectoryError, match=r"start from it by `--warm-start .*npz --warm-start-task none`"):
        bf.train(WARM, tmp_path / "run")
    bf.train(WARM.replace(warm_start=str(file), warm_start_task=None), tmp_path / "run")
    assert file.exists()


def test_what_fails_before_the_run_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C before the first meta-update comes before there is anything to keep."""
    for error in (RuntimeError("no more"), KeyboardInterrupt()):

        def fail(record: dict[str, Any], error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            bf.train(WARM.replace(meta_interval=3), tmp_path / "new" / "run", warm_start_observer=fail)
        assert list(tmp_path.iterdir()) == []


def test_what_cannot_run_is_refused_before_the_warm_start(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    with pytest.raises(UnknownNameError, match="no option of quadratic named 'conditions'"):
        bf.train(WARM.replace(task_kwargs={"conditions": 3.0}), tmp_path / "run", warm_start_observer=seen.append)
    bf.train(bf.Config(**taken({**RUN, "meta": "none"})), tmp_path / "taken")
    with pytest.raises(RunDirectoryError, match="already holds a run"):
        bf.train(WARM, tmp_path / "taken", warm_start_observer=seen.append)
    assert seen == []
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_last_generation_that_takes_all_steps_is_said(tmp_path: Path) -> None:
    config = WARM.replace(generations=None, warm_start_limit=301, total_steps=302)
    with pytest.raises(ConfigError, match=r"leaves none of total_steps 302; .* what it learned is in .*warm_start.npz"):
        bf.train(config, tmp_path / "run")
    assert WarmStart.load(tmp_path / "run" / "warm_start.npz").steps >= 302


def test_a_warm_start_too_short_to_learn_says_so() -> None:
    ended = pytest.warns(RunWarning, match="the run ended before the first update of its meta-level 'mlp'")
    with ended, pytest.warns(RunWarning, match="the warm start on rastrigin ended before its first meta-update"):
        bf.train(WARM.replace(warm_start_limit=20, meta_interval=50, generations=1))


def test_the_command_shows_it_and_says_what_ctrl_c_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert entry(["train", *flags(WARM), "--run-dir", str(tmp_path / "run")]) == 0
    start, *lines = capsys.readouterr().out.splitlines()
    assert start.startswith("start for ")
    assert lines[0] == f"run directory: {tmp_path / 'run'}"
    assert lines[1].startswith("warm start rastrigin  generations 1  return -")
    steps = WarmStart.load(tmp_path / "run" / "warm_start.npz").steps
    assert f"steps {steps:,}/300" in lines[2]
    assert lines[3].startswith("generations 6/6")
    monkeypatch.setattr(Display, "warm_start", lambda _, record: Interrupting()(record))
    assert entry(["train", *flags(WARM), "--run-dir", str(tmp_path / "stopped")]) == 130
    file = tmp_path / "stopped" / "warm_start.npz"
    assert f"start from that with `--warm-start {file} --warm-start-task none`" in capsys.readouterr().err
    command = ["train", *flags(WARM), "--run-dir", str(tmp_path / "stopped"), "--quiet"]
    assert entry([*command, "--warm-start", str(file), "--warm-start-task", "none"]) == 0
