"""An evaluation runs episodes as the training did: by which evaluator, with which settings and keyword arguments."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import fails

import bierl_fast as bf
from bierl_fast.archive import read_archive, write_archive
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.evaluation import again as once_more
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.run.directory import RunDirectory

SMALL: dict[str, Any] = {"meta": "none", "population": 4, "generations": 1, "hidden": (), "episode_cap": 10}
OWN: dict[str, Any] = {"fresh_env": "always", "on_failure": "retry", "retries": 3, "episode_timeout": 50.0}
KEYWORDS: list[dict[str, Any]] = [
    {"z": 1.0, "a": 2.0, "m": 3.0},
    {"outer": {"z": 1, "y": {"b": 1, "a": 2}}, "first": 1.0},
    {"b": [{"z": 1, "a": 2}, 3.5], "a": {"k": "a text, with = and \n and é"}, "0 1": True},
]


def order(**keywords: Any) -> list[Any]:
    """Keyword arguments as they came, dicts in their order."""
    return [[key, order(**value) if isinstance(value, dict) else value] for key, value in keywords.items()]


def last(env: Any, observation: Any, info: Any) -> Any:
    """A descriptor."""
    return observation


def by_order(x: Any, **keywords: Any) -> float:
    """Another number for another order."""
    text = json.dumps(order(**keywords))
    return float(sum(i * ord(letter) for i, letter in enumerate(text)))


@pytest.mark.parametrize("keywords", KEYWORDS)
def test_keyword_arguments_keep_their_order(keywords: dict[str, Any], tmp_path: Path) -> None:
    config = bf.Config(
        task="tests.run.test_as_trained:by_order", dim=2, task_kwargs=keywords, meta="none", population=4, generations=1
    )
    result = bf.train(config, tmp_path / "run")
    expected = by_order(None, **keywords)
    assert result.metrics[-1]["mean_return"] == expected
    result.policy.save(tmp_path / "policy.npz")
    for source in (result, result.policy, tmp_path / "run", tmp_path / "policy.npz"):
        assert bf.evaluate(source, episodes=1)["mean_return"] == expected
    assert bf.resume(tmp_path / "run", generations=2).metrics[-1]["mean_return"] == expected
    saved = RunDirectory(tmp_path / "run").read_config()
    assert json.dumps(saved.task_kwargs) == json.dumps(keywords)
    assert json.dumps(bf.Config(**tomllib.loads(toml.dumps(saved))).task_kwargs) == json.dumps(keywords)


@pytest.mark.parametrize("keywords", [*KEYWORDS, {}, {"plain": 1, "table": {"x": 1}}])
def test_every_form_of_keyword_arguments_is_valid_toml(keywords: dict[str, Any]) -> None:
    for several in itertools.islice(itertools.permutations(keywords.items()), 6):
        config = bf.Config(task="quadratic", dim=2, task_kwargs=dict(several), ranges={"sigma": (0.1, 1.0)}, meta="csa")
        text = toml.dumps(config)
        assert bf.Config(**tomllib.loads(text)) == config
        assert list(tomllib.loads(text).get("task_kwargs", {})) == [key for key, _ in several]


@pytest.fixture(name="made")
def made_fixture(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The evaluators that evaluations make."""
    made: list[Any] = []
    again = once_more.evaluator_of

    def watched(*given: Any, **settings: Any) -> Any:
        made.append(again(*given, **settings))
        return made[-1]

    monkeypatch.setattr(once_more, "evaluator_of", watched)
    return made


@pytest.mark.slow
def test_worker_processes_and_their_settings_stay(made: list[Any], tmp_path: Path) -> None:
    config = bf.Config(task="InvertedPendulum-v5", evaluator="pool", workers=1, **OWN, **SMALL)
    result = bf.train(config, tmp_path / "run")
    for source in (result, result.policy, tmp_path / "run", tmp_path / "run" / "policy.npz"):
        bf.evaluate(source, episodes=1)
        assert isinstance(made[-1], ProcessPoolEvaluator)
        assert {name: getattr(made[-1].settings, name) for name in OWN} == OWN
        said = made[-1].policy.spec.ran_by
        assert {name: said[name] for name in ("evaluator", *OWN)} == {"evaluator": "pool", **OWN}
        assert "workers" not in said  # which is the machine's
    bf.evaluate(tmp_path / "run", episodes=1)
    assert made[-1].settings.workers == 1  # as the run had it
    bf.evaluate(tmp_path / "run", episodes=1, threads=2)
    assert made[-1].settings.workers == 2
    changed: dict[str, Any] = {"on_failure": "rank_last", "retries": 0, "workers": 2}
    bf.evaluate(tmp_path / "run", episodes=1, **changed)
    assert {name: getattr(made[-1].settings, name) for name in {**OWN, **changed}} == {**OWN, **changed}
    native = bf.evaluate(tmp_path / "run", episodes=3, evaluator="native")
    assert not isinstance(made[-1], ProcessPoolEvaluator)
    assert native == bf.evaluate(tmp_path / "run", episodes=3)


@pytest.mark.slow
def test_what_made_a_run_one_of_worker_processes_may_be_its_descriptor(made: list[Any], tmp_path: Path) -> None:
    behavior = {"strategy": "ns", "behavior": "tests.run.test_as_trained:last", "workers": 1}
    bf.train(bf.Config(task="InvertedPendulum-v5", **behavior, **SMALL), tmp_path / "run")
    for source in (tmp_path / "run", tmp_path / "run" / "policy.npz"):
        bf.evaluate(source, episodes=1)
        assert isinstance(made[-1], ProcessPoolEvaluator)


@pytest.mark.slow
def test_files_from_before_are_read_as_before(made: list[Any], tmp_path: Path) -> None:
    """Those say nothing of how their episodes ran; in a directory the settings do."""
    result = bf.train(bf.Config(task="InvertedPendulum-v5", evaluator="pool", workers=1, **SMALL), tmp_path / "run")
    header, arrays = read_archive(tmp_path / "run" / "policy.npz")
    old = {name: value for name, value in json.loads(header).items() if name not in {"ran_by", "entry_point"}}
    for path in (tmp_path / "run" / "policy.npz", tmp_path / "old.npz"):
        write_archive(path, json.dumps(old, sort_keys=True), arrays)
    np.testing.assert_array_equal(load_policy(tmp_path / "old.npz").parameters, result.parameters)
    bf.evaluate(tmp_path / "old.npz", episodes=1)
    assert not isinstance(made[-1], ProcessPoolEvaluator)
    bf.evaluate(tmp_path / "run", episodes=1)
    assert isinstance(made[-1], ProcessPoolEvaluator)
    assert len(bf.resume(tmp_path / "run", generations=2).metrics) == 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"workers": 2}, "workers = 2, and InvertedPendulum-v5 is native and runs on threads; give threads"),
    ({"episode_timeout": 1.0}, "episode_timeout = 1.0, and InvertedPendulum-v5 is native"),
    ({"fresh_env": "never"}, "fresh_env = never, and InvertedPendulum-v5 is native"),
    (
        {"flatten_observation": True},
        "flatten_observation = True, and the policy, made with flatten_observation = False, sees",
    ),
    ({"evaluator": "pol"}, "no evaluator named 'pol'"),
    ({"retries": -1}, "retries must be at least 0 and at most 65536, got -1"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_the_evaluator_does_not_take_is_refused(
    given: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bf.train(bf.Config(task="InvertedPendulum-v5", **SMALL), tmp_path / "run")
    for source in (tmp_path / "run", tmp_path / "run" / "policy.npz"):
        with pytest.raises(bf.ConfigError, match=message):
            bf.evaluate(source, episodes=1, **given)
    if "flatten_observation" not in given:
        words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        fails(capsys, 2, message, "evaluate", str(tmp_path / "run"), *words)
    if given == {"workers": 2}:
        for command in (["resume", "--generations", "2"], ["diagnose", "--proposals", "2"]):
            fails(capsys, 2, message, command[0], str(tmp_path / "run"), *command[1:], "--workers", "2")


def test_a_function_takes_none_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bf.train(bf.Config(task="quadratic", dim=3, meta="none", population=4, generations=1), tmp_path / "run")
    for given in ({"workers": 2}, {"evaluator": "pool"}, {"on_failure": "retry"}):
        (name, value), *_ = given.items()
        with pytest.raises(bf.ConfigError, match=rf"a function task has no policy .*: leave out {name}, got {value!r}"):
            bf.evaluate(tmp_path / "run", **given)
    fails(capsys, 2, "leave out fresh_env", "evaluate", str(tmp_path / "run"), "--fresh-env", "always")
    assert entry(["evaluate", str(tmp_path / "run"), "--episodes", "1", "--threads", "1"]) == 0


@pytest.mark.slow
def test_the_command_line_runs_a_native_run_in_worker_processes_if_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bf.train(bf.Config(task="InvertedPendulum-v5", **SMALL), tmp_path / "run")
    line = ["evaluate", str(tmp_path / "run"), "--episodes", "3", "--json"]
    answers = []
    for more in ([], ["--evaluator", "pool", "--workers", "1", "--fresh-env", "always"]):
        assert entry([*line, *more]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]
