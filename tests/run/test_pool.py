"""Whole runs in worker processes: the same bits at any number of workers, and across a stop."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import lines
from helpers.pool_envs import make_walk

from bierl_fast import make_evaluator
from bierl_fast.cli.main import entry
from bierl_fast.config.config import Config
from bierl_fast.errors import AllEpisodesError, ConfigError, EpisodeError, EpisodeWarning
from bierl_fast.evaluation import again
from bierl_fast.messages import NoiseKey
from bierl_fast.run.api import evaluate, resume, train
from bierl_fast.run.reporting import reporting_population, summary

WALK = "helpers.pool_envs:pool_tests/Walk-v0"
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


@pytest.mark.slow
def test_an_evaluation_runs_episodes_as_its_run_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk raises in half of its episodes, and takes half a second or more in the others."""
    own: dict[str, Any] = {"fresh_env": "never", "on_failure": "retry", "retries": 1, "episode_timeout": 20.0}
    walk = {"trouble": "raise", "pause": 0.04}
    config = Config(task=WALK, task_kwargs=walk, meta="none", hidden=(), population=12, generations=1, workers=2, **own)
    with pytest.warns(EpisodeWarning, match="the walk fell over"):
        result = train(config, tmp_path)
    seen: list[dict[str, Any]] = []
    evaluator_of = again.evaluator_of

    def watched(*given: Any, **settings: Any) -> Any:
        seen.append(settings)
        return evaluator_of(*given, **settings)

    monkeypatch.setattr(again, "evaluator_of", watched)
    with pytest.warns(EpisodeWarning, match="the walk fell over"):
        report = evaluate(tmp_path, episodes=6, workers=2)
    assert 0 < report["episode_failures"] < 6
    with pytest.raises(AllEpisodesError, match=r"all 6 .*episode_timeout = 0.2 seconds"):
        evaluate(tmp_path, episodes=6, workers=2, episode_timeout=0.2, retries=0)
    with pytest.raises(EpisodeError, match="the walk fell over"):
        evaluate(result.policy, episodes=6, workers=1, on_failure="raise")
    assert [settings["workers"] for settings in seen] == [2, 2, 1]
    said: dict[str, Any] = result.policy.spec.ran_by  # type: ignore[attr-defined]
    assert {name: said[name] for name in ("evaluator", *own)} == {"evaluator": "pool", **own}


@pytest.mark.slow
def test_whole_episodes_in_the_runs_own_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reporting evaluation of a run that cuts its episodes looks no task up, and starts no workers."""
    config = Config(
        task=make_walk, meta="none", population=4, generations=2, hidden=(), episode_cap=5, eval_interval=1, workers=1
    )
    with monkeypatch.context() as without:
        without.setattr(again, "evaluator_of", None)
        result = train(config)
    population = reporting_population(result.parameters, config.eval_episodes, NoiseKey(config.seed, 1))
    with closing(again.evaluator_of(result.policy, workers=1)) as evaluator:
        assert result.metrics[-1]["evaluation"] == summary(evaluator.evaluate(population))
    assert result.metrics[-1]["evaluation"]["mean_length"] > 10
    assert result.metrics[-1]["inner_steps"] == 2 * 5 * 5


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"episode_timeout": 0.0}, "episode_timeout must be finite and above 0.0, got 0.0"),
        ({"fresh_env": "alway"}, "no fresh_env named 'alway'.*did you mean 'always'"),
        ({"retries": 1.5}, "retries must be an integer or none, got 1.5"),
        ({"retry": None}, "no setting of an evaluation named 'retry'.*did you mean 'retries'"),
    ],
)
def test_bad_settings_of_an_evaluation(bad: dict[str, Any], message: str) -> None:
    policy = make_evaluator("Hopper-v5", hidden=(), threads=1).policy
    with pytest.raises(ConfigError, match=message):
        evaluate(policy, episodes=1, **bad)


@pytest.mark.slow
def test_a_stop_and_another_number_of_workers_change_nothing(tmp_path: Path) -> None:
    pytest.importorskip("Box2D")
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


@pytest.mark.slow
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(tmp_path / "run")
    words = "train CartPole-v1 --meta none --generations 1 --population 4 --hidden none --workers 1 --run-dir"
    assert entry([*words.split(), run, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert entry(["evaluate", run, "--episodes", "2", "--workers", "1", "--fresh-env", "always", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["task"] == "CartPole-v1"
    assert entry(["train", "CartPole-v2", "--generations", "1"]) == 2
    assert "CartPole-v2" in capsys.readouterr().err


def test_what_the_pool_refuses_is_a_bad_setting() -> None:
    with pytest.raises(ConfigError, match="squash 'tanh' needs a box of actions"):
        train(CONFIG.replace(task="CartPole-v1", squash="tanh"))
