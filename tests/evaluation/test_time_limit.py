"""A time limit that is not registered, but that an environment keeps, is found by trying it out."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from helpers.populations import population

import bierl_fast as bf
from bierl_fast.evaluation.environment import probe
from bierl_fast.evaluation.environment.probe import Findings, Holder, TryOut
from bierl_fast.machine import waited

FALLS_BEFORE = 2  # seeds of episodes that end otherwise


class Truncating(gymnasium.Env[Any, Any]):
    """Truncates by itself, as `kind` says; no wrapper and no spec knows."""

    def __init__(self, kind: str = "always", length: int = 37, pause: float = 0.0) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float64)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._kind, self._length, self._pause = kind, length, pause
        self._episode = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._step = 0
        self._episode += 1
        return self.np_random.normal(size=3), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._step += 1
        time.sleep(self._pause)
        falls = self._kind == "falls" and self._episode <= FALLS_BEFORE and self._step == 5
        if self._kind == "raises" and self._episode <= FALLS_BEFORE and self._step == 3:
            raise OSError("the track broke")
        if self._kind == "broken":
            raise OSError("there is no track")
        if self._kind == "leaves":
            raise SystemExit("the track is closed")
        if self._kind == "dies":
            os._exit(41)
        length = self._length + self._episode if self._kind == "any_length" else self._length
        truncated = self._kind not in {"never", "only_falls"} and self._step >= length
        falls = falls or (self._kind == "only_falls" and self._step >= length)
        return self.np_random.normal(size=3), 1.0, falls, truncated, {}


def evaluator(kind: str, **options: Any) -> Any:
    settings: dict[str, Any] = {"hidden": (), "workers": 1} | options
    return bf.make_evaluator(Truncating, task_kwargs={"kind": kind}, **settings)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("broken", r"OSError: there is no track \("),
        ("leaves", r"SystemExit: the track is closed \("),
        ("dies", r"its process ended with exit code 41$"),
    ],
)
def test_an_environment_that_never_works_says_why(kind: str, why: str) -> None:
    with pytest.raises(bf.TaskError, match=rf"no time limit .*; an episode ended there .*: {why}"):
        evaluator(kind, fresh_env="never")


@pytest.mark.parametrize("kind", ["always", "falls", "raises"])
def test_it_is_found_and_saved(kind: str, tmp_path: Path) -> None:
    with closing(evaluator(kind)) as made:
        assert made.max_steps == made.whole_steps == 37
        if kind == "always":
            batch = made.evaluate(population(made.policy.initial_parameters(), 2))
            assert set(batch.lengths_r.tolist()) == {37}
        made.policy.save(tmp_path / "policy.npz")
    assert bf.Policy.load(tmp_path / "policy.npz", trust=True).spec.episode_cap == 37


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["never", "only_falls", "any_length"])
def test_where_there_is_none_one_is_asked_for_in_one_line(kind: str) -> None:
    with pytest.raises(bf.TaskError, match=r"no time limit of its own, .*give episode_cap") as caught:
        evaluator(kind)
    assert "\n" not in str(caught.value)
    with closing(evaluator(kind, episode_cap=9)) as made:
        assert made.max_steps == 9


@pytest.mark.slow
def test_episodes_that_take_too_long_are_not_waited_for() -> None:
    """`episode_timeout` holds here as in a run."""
    with pytest.raises(bf.TaskError, match="no time limit of its own"):
        bf.make_evaluator(Truncating, task_kwargs={"pause": 0.1}, workers=1, episode_timeout=0.05)


@pytest.mark.parametrize(("given_away", "found"), [(1.0, 37), (0.0, 0)])
def test_a_busy_machine_makes_no_slow_environment(
    given_away: float, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds pass by the dozen at each look at the clock: none of them was this process's, or all were."""
    now = [0.0]

    def monotonic() -> float:
        now[0] += 12.0
        return now[0]

    monkeypatch.setattr(probe, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(probe, "waited", lambda: given_away * now[0])
    holder = Holder(Truncating, lambda text, question: None, lambda begins: None)
    holder.new()
    trial = TryOut(holder, Findings(seed_bits=63), lambda text, question: None, lambda findings: None)
    trial.time_limit()
    assert trial.findings.time_limit == found


def test_seconds_that_others_had_the_processor_are_counted() -> None:
    before = waited()
    assert 0.0 <= before <= waited() < time.monotonic()


@pytest.mark.slow
def test_a_run_needs_no_cap(tmp_path: Path) -> None:
    config = bf.Config(
        task=f"{Path(__file__)}:Truncating", population=4, hidden=(), workers=1, generations=1, meta="none"
    )
    result = bf.train(config, tmp_path / "run")
    assert result.metrics[-1]["env_steps"] == 5 * 37  # the centre has a row
    assert len(bf.resume(tmp_path / "run", generations=2).metrics) == 2
    assert bf.evaluate(tmp_path / "run", episodes=2)["mean_return"] == 37.0
