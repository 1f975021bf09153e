"""An evaluation whose every episode failed is no number and no success."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers import pool_envs
from helpers.outcomes import fails_in_the_end as fails

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.messages import EvaluationBatch
from bierl_fast.run import checkpoint
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.reporting import achieved, summary, why_nothing

WALK = "helpers.pool_envs:make_walk"
RUN: dict[str, Any] = {
    **{"task": WALK, "meta": "none", "hidden": (), "population": 4, "generations": 2, "workers": 1},
    **{"eval_interval": 1, "eval_episodes": 2},
}


def broken_walk() -> Any:
    """Every episode of it breaks off."""
    return pool_envs.make_walk(trouble="raise", trouble_above=-1.0)


class Timid(gymnasium.Env[Any, Any]):
    """Breaks off unless it is left alone, as the centre of a linear policy leaves it at first."""

    observation_space = gymnasium.spaces.Box(-9.0, 9.0, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.ones(2), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if action.any():
            raise OverflowError("the spring is overwound")
        return np.ones(2), 1.0, True, False, {}


def nan_in_the_middle(x: Any) -> float:
    """A number of what training tries, none of the centre it stays at."""
    return float("nan") if abs(x).max() < 1e-3 else float(x[0])


CALLS: list[None] = []


def nan_but_at_first(x: Any) -> float:
    """Four candidates and two evaluations in each generation: those have a number in the first alone."""
    CALLS.append(None)
    generation, call = divmod(len(CALLS) - 1, 6)
    return float("nan") if generation > 0 and call > 3 else float(x[0])


def nan(x: Any) -> float:
    return float("nan")


def batch(failed: list[bool], failure: str | None = None) -> EvaluationBatch:
    size = len(failed)
    return EvaluationBatch(np.linspace(-5.0, 0.0, size), np.ones(size, np.int32), np.array(failed), failure=failure)


def test_candidates_that_all_fail_say_the_first_one_s_reason() -> None:
    settings = {**RUN, "task": Timid, "episode_cap": 5, "center_episodes": 1, "eval_interval": 0}
    settings.pop("eval_episodes")
    with (
        pytest.warns(bf.EpisodeWarning),
        pytest.raises(
            bf.AllFailedError,
            match=r"^all candidates failed, in 4 of 4 episodes; row 0, .*: OverflowError: the spring is over",
        ),
    ):
        bf.train(bf.Config(**settings))


def test_a_function_says_what_it_gave(tmp_path: Path) -> None:
    config = bf.Config(task=nan, dim=2, population=6, meta="none", generations=1)
    with pytest.raises(bf.AllFailedError, match=r"in 6 of 6 episodes; row 0: .*:nan gave nan, no finite number$"):
        bf.train(config)


def test_a_summary_of_failures_alone_has_no_number() -> None:
    found = summary(batch([True, True]))
    for name in ("mean_return", "std_return", "min_return", "max_return"):
        assert np.isnan(found[name])
    assert (found["episodes"], found["episode_failures"]) == (2, 2)
    assert achieved(found) is None
    assert why_nothing(batch([True, False])) is None
    assert (
        why_nothing(batch([True, True], "row 0: it fell")) == "all 2 episodes of the evaluation failed; row 0: it fell"
    )
    assert "none has a finite return" in str(why_nothing(batch([True])))


def test_of_a_function(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings: dict[str, Any] = {"dim": 2, "meta": "none", "population": 4, "generations": 1, "center_episodes": 0}
    bf.train(bf.Config(task="helpers.functions:hill", **settings), tmp_path / "run")
    path = "tests.run.test_nothing_but_failures:nan"
    with pytest.raises(bf.AllEpisodesError, match=r"all 3 episodes of the evaluation failed; row 0: .* gave nan"):
        bf.evaluate(tmp_path / "run", episodes=3, task=path)
    fails(capsys, 1, "all 100 episodes of the evaluation failed", "evaluate", str(tmp_path / "run"), "--task", path)


@pytest.mark.slow
def test_of_an_environment_with_the_first_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bf.train(bf.Config(**RUN), tmp_path / "run")
    reason = r"all 4 episodes of the evaluation failed; row 0, reset seed \d+: .*ZeroDivisionError: the walk fell over"
    with pytest.raises(bf.AllEpisodesError, match=reason):
        bf.evaluate(tmp_path / "run", episodes=4, task="tests.run.test_nothing_but_failures:broken_walk")
    line = ["evaluate", str(tmp_path / "run"), "--task", "tests.run.test_nothing_but_failures:broken_walk"]
    fails(capsys, 1, "all 2 episodes of the evaluation failed; row 0, reset seed", *line, "--episodes", "2")


def test_of_a_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {"dim": 2, "meta": "none", "population": 4, "generations": 1, "center_episodes": 0}
    bf.train(bf.Config(task="helpers.functions:hill", learning_rate=1e-9, sigma=1.0, **settings), tmp_path / "run")
    path = "tests.run.test_nothing_but_failures:nan_in_the_middle"
    with pytest.raises(bf.AllEpisodesError, match=r"all 3 episodes of the evaluation failed; row 0: .* gave nan"):
        bf.diagnose(tmp_path / "run", task=path, proposals=2, generations=[1], episodes=3)


def test_of_training_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run goes on to its end and is saved; where no evaluation gave a number, that is no success."""
    path = "tests.run.test_nothing_but_failures:nan_in_the_middle"
    settings: dict[str, Any] = {"dim": 2, "meta": "none", "population": 4, "generations": 3, "center_episodes": 0}
    settings |= {"optimizer": "gradient", "learning_rate": 1e-9, "sigma": 1.0, "eval_interval": 1, "eval_episodes": 2}
    text = "no evaluation of this run gave a number; of the last all 2 episodes of the evaluation failed"
    with pytest.warns(bf.EpisodeWarning) as warned, pytest.raises(bf.AllEpisodesError, match=text):
        bf.train(bf.Config(task=path, **settings), tmp_path / "run")
    assert [str(warning.message) for warning in warned if "all 2 episodes" in str(warning.message)]
    assert len(warned) == 1
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["evaluation"]["mean_return"] for line in lines] == [None] * 3
    assert (
        checkpoint.load(
            tmp_path / "run" / "checkpoint.npz", RunDirectory(tmp_path / "run").read_config()
        ).counters.generation
        == 3
    )
    words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    assert entry(["train", path, *words, "--run-dir", str(tmp_path / "typed"), "--quiet"]) == 1
    assert text in capsys.readouterr().err


def test_one_number_is_enough(tmp_path: Path) -> None:
    """The first evaluation has one, the others none: the run is what its metrics say."""
    path = "tests.run.test_nothing_but_failures:nan_but_at_first"
    settings: dict[str, Any] = {"dim": 2, "meta": "none", "population": 4, "generations": 3, "eval_interval": 1}
    with pytest.warns(bf.EpisodeWarning, match="generation 1: all 2 episodes of the evaluation failed"):
        result = bf.train(bf.Config(task=path, eval_episodes=2, center_episodes=0, **settings))
    numbers = [record["evaluation"]["mean_return"] for record in result.metrics]
    assert numbers[0] is not None
    assert numbers[1:] == [None, None]
    assert result.best_policy is not None
