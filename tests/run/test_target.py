"""A target return, and the best policy of a run's reporting evaluations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import lines

import bierl_fast as bf
from bierl_fast.archive import read_archive, write_archive
from bierl_fast.cli.main import entry
from bierl_fast.errors import CheckpointError, ConfigError, EpisodeWarning, RunWarning
from bierl_fast.messages import EvaluationBatch
from bierl_fast.run import checkpoint
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.reporting import achieved, summary

# Steps this long overshoot, so the return goes up and down and the best evaluation is not the last.
RUN: dict[str, Any] = {
    "task": "quadratic", "dim": 5, "meta": "none", "population": 8, "learning_rate": 0.7, "optimizer": "gradient",
    "eval_interval": 2, "eval_episodes": 1, "generations": 31, "seed": 4,
}  # fmt: skip


def evaluations(result: bf.Result) -> list[float]:
    return [record["evaluation"]["mean_return"] for record in result.metrics if record["evaluation"]]


def test_the_best_policy_is_the_one_that_evaluated_best(tmp_path: Path) -> None:
    result = bf.train(bf.Config(**RUN), tmp_path / "run")
    seen = evaluations(result)
    assert max(seen) > seen[-1]
    assert result.best_policy is not None
    assert bf.evaluate(result.best_policy, episodes=1)["mean_return"] == max(seen)  # the function has no noise
    assert bf.evaluate(tmp_path / "run" / "best_policy.npz", episodes=1)["mean_return"] == max(seen)
    first = seen.index(max(seen)) * 2 + 2
    there = bf.train(bf.Config(**{**RUN, "generations": first}))
    np.testing.assert_array_equal(result.best_policy.parameters, there.parameters)


def test_the_best_policy_is_evaluated_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = bf.train(bf.Config(**RUN), tmp_path / "run")
    seen = evaluations(result)
    for source in (result, tmp_path / "run"):
        assert bf.evaluate(source, episodes=1, best=True)["mean_return"] == max(seen)
        assert bf.evaluate(source, episodes=1)["mean_return"] < max(seen)
    assert entry(["evaluate", str(tmp_path / "run"), "--best", "--episodes", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mean_return"] == max(seen)
    for policy in (result.policy, tmp_path / "run" / "policy.npz"):
        with pytest.raises(ConfigError, match="which one evaluated best is known of a run directory"):
            bf.evaluate(policy, episodes=1, best=True)


def test_every_episode_of_an_evaluation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = bf.Config(task="InvertedPendulum-v5", meta="none", hidden=(), population=4, generations=1, threads=1)
    bf.train(config, tmp_path / "run")
    found = bf.evaluate(tmp_path / "run", episodes=7, each=True)
    assert found["mean_return"] == pytest.approx(np.mean(found["returns"]))
    assert (found["max_return"], found["steps"]) == (max(found["returns"]), sum(found["lengths"]))
    assert found["failed"] == [False] * 7
    assert len(set(found["returns"])) > 1
    plain = {name: value for name, value in found.items() if name not in {"returns", "lengths", "failed"}}
    assert bf.evaluate(tmp_path / "run", episodes=7) == plain
    assert entry(["evaluate", str(tmp_path / "run"), "--episodes", "7", "--each", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert entry(["evaluate", str(tmp_path / "run"), "--episodes", "7", "--each"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"  episode 7: return {found['returns'][6]:.2f}, {found['lengths'][6]} steps"


def test_without_evaluations_there_is_none(tmp_path: Path) -> None:
    result = bf.train(bf.Config(**{**RUN, "eval_interval": 0, "generations": 2}), tmp_path / "run")
    assert result.best_policy is None
    assert not (tmp_path / "run" / "best_policy.npz").exists()
    for source in (result, tmp_path / "run"):
        with pytest.raises(bf.RunDirectoryError, match="no reporting evaluations"):
            bf.evaluate(source, best=True)


def test_a_stop_changes_nothing(tmp_path: Path) -> None:
    whole = bf.train(bf.Config(**RUN), tmp_path / "whole")
    bf.train(bf.Config(**{**RUN, "generations": 11}), tmp_path / "stopped")
    resumed = bf.resume(tmp_path / "stopped", generations=31)
    assert lines(whole) == lines(resumed)
    for file in ("checkpoint.npz", "best_policy.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file
    assert whole.best_policy is not None
    with pytest.warns(RunWarning, match="already reached its end"):
        again = bf.resume(tmp_path / "stopped")
    assert again.best_policy is not None
    np.testing.assert_array_equal(again.best_policy.parameters, whole.best_policy.parameters)


def test_a_run_ends_where_its_target_is_reached(tmp_path: Path) -> None:
    seen = evaluations(bf.train(bf.Config(**RUN)))
    target = sorted(seen)[-3]
    first = next(index for index, value in enumerate(seen) if value >= target)
    assert 0 < first < len(seen) - 1
    result = bf.train(bf.Config(**RUN, target_return=target), tmp_path / "run")
    assert evaluations(result) == seen[: first + 1]
    assert len(result.metrics) == 2 * first + 2
    with pytest.warns(RunWarning, match="already reached its end"):
        bf.resume(tmp_path / "run")
    assert evaluations(bf.resume(tmp_path / "run", generations=31)) == seen


def test_failed_episodes_are_no_success() -> None:
    """Where every step costs, an episode that broke off has a high return: it counts with the lowest of all."""
    returns_r = np.array([-10.0, -200.0, -5.0, -100.0])
    batch = EvaluationBatch(returns_r, np.ones(4, np.int32), np.array([True, False, True, False]))
    found = summary(batch)
    assert (found["mean_return"], found["max_return"], found["min_return"]) == (-175.0, -100.0, -200.0)
    assert found["episode_failures"] == 2
    assert achieved(found) == -175.0
    assert achieved({**found, "mean_return": 0.0}) == 0.0
    for nothing in ({"episode_failures": 4}, {"mean_return": None}, {"mean_return": float("-inf")}):
        assert achieved({**found, **nothing}) is None


def test_nothing_but_failed_episodes_reaches_no_target() -> None:
    run: dict[str, Any] = {
        "task": "helpers.pool_envs:pool_tests/Walk-v0", "task_kwargs": {"trouble": "raise"}, "fresh_env": "never",
        "on_failure": "rank_last", "hidden": (), "meta": "none", "population": 8, "workers": 1,
        "eval_interval": 1, "eval_episodes": 1, "generations": 6, "target_return": -1e6, "seed": 1,
    }  # fmt: skip
    with pytest.warns(EpisodeWarning):
        result = bf.train(bf.Config(**run))
    failed = [record["evaluation"]["episode_failures"] for record in result.metrics]
    assert failed[-1] == 0 < failed[0]  # the only episode of each
    assert failed.index(0) == len(failed) - 1  # and the first that did not fail ended the run


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "quadratic", "--dim", "5", "--meta", "none", "--generations", "40", "--eval-interval", "1"]
    place = ["--run-dir", str(tmp_path / "run")]
    assert entry([*words, "--target-return", "-1e9", *place]) == 0
    assert "when evaluated: the target of -1e+09 is reached" in capsys.readouterr().out
    assert len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eval_interval": 0, "target_return": 1.0}, "there are none; give eval_interval"),
        ({"target_return": float("nan")}, "target_return must be finite"),
    ],
)
def test_bad_targets(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bf.Config(**{**RUN, **settings})


def test_a_damaged_best_return_is_refused(tmp_path: Path) -> None:
    bf.train(bf.Config(**RUN), tmp_path / "run")
    directory = RunDirectory(tmp_path / "run")
    text, arrays = read_archive(directory.checkpoint)
    header = json.loads(text)
    header["counters"]["best_return"] = "high"
    write_archive(directory.checkpoint, json.dumps(header), arrays)
    with pytest.raises(CheckpointError, match="best_return must be a finite number or null, got 'high'"):
        checkpoint.load(directory.checkpoint, directory.read_config())
