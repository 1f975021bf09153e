"""Whole runs on a native task: the same bits at any number of threads, and across a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bierl_fast.run.api import Result, evaluate, resume, train
from bierl_fast.run.config import Config

# Reacher's episodes last 50 steps, so meta-updates are cheap; the wide budget lets them run often.
CONFIG = Config(
    task="Reacher-v5",
    population=8,
    generations=20,
    hidden=(8,),
    meta_interval=3,
    meta_budget=0.7,
    meta_pairs=1,
    seed=2**40 + 1,
    eval_interval=7,
    eval_episodes=2,
)


def lines(result: Result) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in result.metrics]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """20 generations without a stop, on one thread."""
    return train(CONFIG.replace(threads=1), tmp_path_factory.mktemp("whole") / "run")


def same(one: Result, other: Result) -> None:
    assert one.run_dir is not None
    assert other.run_dir is not None
    assert lines(one) == lines(other)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    for name in ("checkpoint.npz", "policy.npz"):
        assert (one.run_dir / name).read_bytes() == (other.run_dir / name).read_bytes()


def test_the_meta_level_took_part(whole: Result) -> None:
    last = whole.metrics[-1]
    assert last["meta_updates"] >= 3
    assert 0 < last["meta_steps"] <= CONFIG.meta_budget * last["env_steps"]
    assert last["eval_steps"] == 2 * 2 * 50
    assert len({line["sigma"] for line in whole.metrics}) > 1


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads: int, whole: Result, tmp_path: Path) -> None:
    same(whole, train(CONFIG.replace(threads=threads), tmp_path / "run"))


def test_a_stop_changes_nothing(whole: Result, tmp_path: Path) -> None:
    train(CONFIG.replace(generations=10), tmp_path / "run")
    same(whole, resume(tmp_path / "run", generations=20))


def test_evaluation_is_the_saved_policys(whole: Result) -> None:
    assert whole.run_dir is not None
    saved = evaluate(whole.run_dir, episodes=4, seed=1)
    assert saved == evaluate(whole.policy, episodes=4, seed=1, threads=1)
    assert saved["mean_length"] == 50
    assert saved["mean_return"] != evaluate(whole.policy, episodes=4, seed=2)["mean_return"]
