"""Whole runs in worker processes: the same bits at any number of workers, and across a stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bierl_fast.cli.main import entry
from bierl_fast.run.api import Result, evaluate, resume, train
from bierl_fast.run.config import Config
from bierl_fast.run.errors import ConfigError

pytest.importorskip("Box2D")

CONFIG = Config(
    task="BipedalWalker-v3",  # its world outlives a reset
    population=4,
    generations=4,
    hidden=(4,),
    episode_cap=40,
    meta_interval=2,
    meta_budget=0.9,
    meta_pairs=1,
    meta_candidates=2,
    workers=2,
)


def lines(result: Result) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in result.metrics]


def test_a_stop_and_another_number_of_workers_change_nothing(tmp_path: Path) -> None:
    whole = train(CONFIG, tmp_path / "whole")
    assert whole.metrics[-1]["meta_updates"] >= 1
    train(CONFIG.replace(generations=2, workers=1), tmp_path / "parts")
    parts = resume(tmp_path / "parts", generations=4)
    assert lines(whole) == lines(parts)
    np.testing.assert_array_equal(whole.parameters, parts.parameters)
    assert (tmp_path / "whole/policy.npz").read_bytes() == (tmp_path / "parts/policy.npz").read_bytes()
    saved = evaluate(tmp_path / "whole", episodes=2, workers=1)
    assert saved == evaluate(whole.policy, episodes=2, workers=2)
    assert saved["episodes"] == 2


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path / "run")
    words = "train CartPole-v1 --meta none --generations 1 --population 4 --hidden none --workers 1 --run-dir"
    assert entry([*words.split(), run, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert entry(["evaluate", run, "--episodes", "2", "--workers", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "CartPole-v1"
    assert entry(["train", "CartPole-v2", "--generations", "1"]) == 2
    assert "CartPole-v2" in capsys.readouterr().err


def test_what_the_pool_refuses_is_a_bad_setting() -> None:
    with pytest.raises(ConfigError, match="squash 'tanh' needs a box of actions"):
        train(CONFIG.replace(task="CartPole-v1", squash="tanh"))
