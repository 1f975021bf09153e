"""Whole runs with a behavior function of a user's: trained on, saved by import path, refused where there is none."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import pool_envs
from helpers.outcomes import fails
from helpers.pool_evaluators import WALK

import bierl_fast as bf
from bierl_fast.errors import ConfigError, RunWarning

PATH = "helpers.pool_envs:describe"
CONFIG = bf.Config(
    task=WALK, strategy="ns", meta="none", population=4, hidden=(), generations=4, workers=1, behavior=PATH
)


@pytest.mark.slow
def test_a_function_its_path_and_a_stop_are_the_same_run(tmp_path: Path) -> None:
    whole = bf.train(CONFIG, tmp_path / "whole")
    bf.train(CONFIG.replace(behavior=pool_envs.describe, generations=2, workers=2), tmp_path / "parts")
    parts = bf.resume(tmp_path / "parts", generations=4)
    np.testing.assert_array_equal(whole.parameters, parts.parameters)
    assert f'behavior = "{PATH}"' in (tmp_path / "parts/config.toml").read_text()
    for name in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    with np.load(tmp_path / "whole/checkpoint.npz") as saved:
        behaviours = [saved[name] for name in saved.files if saved[name].ndim == 2 and saved[name].shape[1] == 3]
    assert any((archive[:, 2] == 1.0).any() for archive in behaviours)  # what the function alone says


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("no_module_of_mine:fn", "cannot import the behavior 'no_module_of_mine:fn': No module named"),
        ("helpers.pool_envs:nothing", "module 'helpers.pool_envs' has no attribute 'nothing'"),
        ("helpers.pool_envs:np.pi", "the behavior 'helpers.pool_envs:np.pi' must be a function, got float"),
        (
            "helpers.pool_envs:",
            "cannot import the behavior 'helpers.pool_envs:': an import path is module:function",
        ),
        ("position", "no behavior named 'position'; did you mean 'final_position'? known: actions, final_obs"),
        (f"{PATH} --evaluator native", "a behavior function runs in worker processes alone"),
    ],
)
def test_bad_behaviours_exit_with_2(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    task = "Swimmer-v5" if "native" in words else WALK
    line = f"train {task} --strategy ns --meta none --generations 1 --workers 1 --run-dir nowhere --behavior {words}"
    fails(capsys, 2, message, *line.split())
    assert not Path("nowhere").exists()


def test_a_function_that_no_other_process_can_be_given_is_refused(tmp_path: Path) -> None:
    held = threading.Lock()  # belongs to this process

    def local(env: Any, observation: Any, info: Any) -> list[float]:
        return [float(held.locked())]

    message = "with its behavior function cannot be sent to a worker process"
    with pytest.warns(RunWarning, match="the behavior <.*local> cannot"), pytest.raises(ConfigError, match=message):
        bf.train(CONFIG.replace(behavior=local), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match=r"behavior must be a string or a Python function, got 3"):
        CONFIG.replace(behavior=3)
    with pytest.raises(ConfigError, match=r"the behavior was the Python function <m:f>, which cannot be imported"):
        bf.train(CONFIG.replace(behavior="<m:f>"))
