"""Wrappers around environments in worker processes: as one would wrap them by hand, saved, and asked about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from click.testing import CliRunner
from gymnasium.wrappers import FrameStackObservation, TransformReward
from helpers.pool_evaluators import WALK, make, people_of, replay

import bierl_fast as bf
from bierl_fast.cli.main import cli
from bierl_fast.evaluation.environment.wrapping import path_and_keywords

pytestmark = pytest.mark.slow  # processes started by the dozen

STACK = "gymnasium.wrappers:FrameStackObservation(stack_size=3)"
FLAT = "gymnasium.wrappers:FlattenObservation"
MODULE = """
import gymnasium

class Half(gymnasium.RewardWrapper):
    def __init__(self, env, by=0.5):
        super().__init__(env)
        self.by = by

    def reward(self, reward):
        return reward * self.by

def nothing(env):
    return None

def broken(env):
    raise OSError("no wrapper today")
"""


@pytest.fixture
def wrappers(tmp_path: Path) -> Path:
    path = tmp_path / "wrappers (mine).py"
    path.write_text(MODULE)
    return path


def by_hand(env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
    stacked: gymnasium.Env[Any, Any] = FrameStackObservation(env, stack_size=3)
    return gymnasium.wrappers.FlattenObservation(TransformReward(stacked, lambda reward: float(reward) * 0.25))


def test_the_last_is_outermost_and_episodes_are_those_wrapped_by_hand(wrappers: Path) -> None:
    with make(wrapper=[STACK, f"{wrappers}:Half(by=0.25)", FLAT]) as evaluator:
        assert evaluator.policy.spec is not None
        assert evaluator.policy.spec.observation_size == 6
        people = people_of(evaluator, 6)
        batch = evaluator.evaluate(people)
        for row in range(6):
            again = replay(evaluator, people, row, by_hand(gymnasium.make(WALK)))
            assert again == (batch.returns_r[row], batch.lengths_r[row])


def test_a_policy_keeps_them(wrappers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(wrappers.parent)
    config = bf.Config(
        task=WALK, hidden=(), workers=1, generations=2, population=4, wrapper=(f"{wrappers.name}:Half",), meta="none"
    )
    plain = bf.train(config.replace(wrapper=()), tmp_path / "plain")
    result = bf.train(config, tmp_path / "run")
    assert [row["mean_return"] for row in result.metrics] != [row["mean_return"] for row in plain.metrics]
    monkeypatch.chdir("/")  # the file is found from everywhere
    assert bf.evaluate(tmp_path / "run", episodes=3) == bf.evaluate(result, episodes=3)
    assert len(bf.resume(tmp_path / "run", generations=3).metrics) == 3
    saved = bf.Policy.load(tmp_path / "run" / "policy.npz")
    assert saved.spec.ran_by["wrapper"] == [f"{wrappers}:Half"]
    with pytest.raises(bf.ArgumentError, match=r"wrapper = .*sees what that says; leave it out"):
        bf.evaluate(tmp_path / "run", wrapper=(FLAT,))


def test_a_strangers_file_is_asked_about(wrappers: Path, tmp_path: Path) -> None:
    with make(wrapper=[f"{wrappers}:Half"]) as evaluator:
        evaluator.policy.save(tmp_path / "policy.npz")
    moved = (tmp_path / "policy.npz").rename(tmp_path / "other.npz")
    with pytest.raises(bf.TrustError, match=r"import .*wrappers \(mine\)\.py.* and call .*Half.* as its wrapper"):
        bf.evaluate(moved, episodes=1)
    assert bf.evaluate(moved, episodes=1, trust=True)["episodes"] == 1


def test_a_native_task_goes_to_worker_processes() -> None:
    with make(
        "InvertedPendulum-v5", wrapper=["gymnasium.wrappers:RescaleAction(min_action=-1.0, max_action=1.0)"]
    ) as wrapped:
        assert wrapped.policy.spec is not None
        assert (wrapped.policy.spec.low, wrapped.policy.spec.high) == ((-1.0,), (1.0,))
    with pytest.raises(bf.ArgumentError, match="a wrapper runs in worker processes alone"):
        bf.make_evaluator("InvertedPendulum-v5", evaluator="native", wrapper=[FLAT])
    with pytest.raises(bf.ArgumentError, match="leave out wrapper"):
        bf.make_evaluator("quadratic", dim=3, wrapper=[FLAT])


@pytest.mark.parametrize(
    ("written", "path", "keywords"),
    [
        ("a.b:C", "a.b:C", {}),
        ("a:C()", "a:C", {}),
        ("f (1).py:C.D(x='a:b(c)', y=[1, (2,)])", "f (1).py:C.D", {"x": "a:b(c)", "y": [1, (2,)]}),
        ("a:C(x=-1.5, y=None, z={'k': True},)", "a:C", {"x": -1.5, "y": None, "z": {"k": True}}),
    ],
)
def test_how_they_are_written(written: str, path: str, keywords: dict[str, Any]) -> None:
    assert path_and_keywords(written) == (path, keywords)


@pytest.mark.parametrize(
    "written",
    ["C", "a:", ":C", "a:C(3)", "a:C(x=f())", "a:C(**x)", "a:C(x=1", "a:C(x=1)(y=2)", "a:C(" + "[" * 10**5 + ")", ""],
)
def test_what_is_written_otherwise(written: str) -> None:
    with pytest.raises(bf.ConfigError, match=r"each wrapper must be module:Wrapper or file\.py:Wrapper") as told:
        bf.make_evaluator(WALK, workers=1, wrapper=[written])
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 600


def test_what_cannot_be(wrappers: Path) -> None:
    for name, wanted in {
        "Halves": "cannot import the wrapper",
        "nothing": "must give a gymnasium.Env, as a gymnasium.Wrapper does, got NoneType",
        "broken": "no wrapper today",
        "Half(to=3)": re.escape("unexpected keyword argument 'to'"),
    }.items():
        with pytest.raises((bf.ArgumentError, bf.WorkerError), match=wanted):
            bf.make_evaluator(WALK, workers=1, wrapper=[f"{wrappers}:{name}"])


@pytest.mark.parametrize("written", ["gymnasium.wrappers:TimeLimit", "gymnasium.wrappers:ClipReward(most=2)"])
def test_what_a_wrapper_raises_names_it(written: str) -> None:
    with pytest.raises(bf.BierlError) as caught:
        bf.make_evaluator("CartPole-v1", wrapper=[written], workers=1)
    assert written.partition("(")[0] in str(caught.value)


def test_the_command_line(wrappers: Path, tmp_path: Path) -> None:
    typed = [
        "--wrapper",
        STACK,
        "--wrapper",
        FLAT,
        "--wrapper",
        f"{wrappers}:Half(by=2.0)",
        "--run-dir",
        str(tmp_path / "run"),
    ]
    small = ["--generations", "1", "--population", "4", "--workers", "1", "--hidden", "none", "--meta", "none"]
    done = CliRunner().invoke(cli, ["train", WALK, *small, *typed])
    assert done.exit_code == 0, done.output
    saved = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert saved["wrapper"] == [STACK, FLAT, f"{wrappers}:Half(by=2.0)"]
    assert np.isfinite(bf.evaluate(tmp_path / "run", episodes=2)["mean_return"])
