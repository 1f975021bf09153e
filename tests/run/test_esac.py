"""Whole runs of `esac`: from settings to a policy, at any number of threads, across a stop, and without its extra."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import lines

from bierl_fast.cli.main import entry
from bierl_fast.config.config import Config
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.run.api import evaluate, resume, train
from bierl_fast.run.result import Result

# Reacher's episodes last 50 steps and never terminate. The memory turns in the fourth generation.
CONFIG = Config(
    task="Reacher-v5",
    strategy="esac",
    meta="none",
    population=8,
    generations=7,
    hidden=(8,),
    replay_size=1400,
    sac_batch=32,
    sac_updates=0.02,
    seed=3,
)


def same(one: Result, other: Result) -> None:
    assert one.run_dir is not None
    assert other.run_dir is not None
    assert lines(one) == lines(other)
    for name in ("checkpoint.npz", "policy.npz"):
        assert (one.run_dir / name).read_bytes() == (other.run_dir / name).read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return train(CONFIG.replace(threads=1), tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 3])
def test_same_bits_at_any_number_of_threads(threads: int, whole: Result, tmp_path: Path) -> None:
    same(whole, train(CONFIG.replace(threads=threads), tmp_path / "run"))


@pytest.mark.slow
def test_stopped_and_resumed_equals_uninterrupted(whole: Result, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=3), tmp_path / "run")
    resume(tmp_path / "run", generations=5)
    same(whole, resume(tmp_path / "run", generations=7))


def test_the_policy_is_what_the_strategy_needs(whole: Result) -> None:
    assert whole.run_dir is not None
    policy = whole.policy
    assert isinstance(policy, MlpPolicy)
    assert policy.spec.squash == "tanh"
    assert policy.statistics.count == 0.0
    assert np.isfinite(evaluate(whole.run_dir, episodes=2)["mean_return"])
    config = (whole.run_dir / "config.toml").read_text()
    assert 'squash = "tanh"' in config
    assert "obs_norm = false" in config
    assert "winner_share = 0.4" in config


def test_under_a_meta_level_meta_rows_are_not_learned_from(tmp_path: Path) -> None:
    """Every inner step of 50 is remembered, and none of the meta-level's."""
    config = CONFIG.replace(
        meta="lstm", meta_interval=2, meta_budget=0.7, meta_pairs=1, replay_size=100_000, sac_updates=0.0
    )
    result = train(config, tmp_path / "run")
    last = result.metrics[-1]
    assert last["meta_steps"] > 0
    with np.load(tmp_path / "run" / "checkpoint.npz") as arrays:
        assert arrays["strategy/sac_replay"].shape == (last["inner_steps"], 2 * 10 + 2 + 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"squash": "clip"}, "strategy 'esac' needs squash 'tanh', got 'clip'; leave squash out"),
        ({"obs_norm": True}, "strategy 'esac' needs obs_norm False, got True; leave obs_norm out"),
        (
            {"task": "quadratic", "dim": 4, "hidden": (64, 64), "episode_cap": None},
            "strategy 'esac' needs a policy network, which a function task has not",
        ),
        ({"action_noise": "evolved"}, "policies without evolved action noise"),
        ({"shaping": "standardized"}, "no shaping named 'standardized'; known: centered_rank, log_rank"),
        (
            {"strategy": "es", "replay_size": 10},
            "strategy 'es' takes no option replay_size \\(got 10\\), .*; replay_size is for esac",
        ),
    ],
)
def test_what_does_not_fit_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(CONFIG.replace(**changes))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    arguments = ["train", "Reacher-v5", "--strategy", "esac", "--generations", "1", "--run-dir", str(tmp_path / "run")]
    assert entry(arguments) == 1
    assert "pip install 'bierl-fast[esac]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
