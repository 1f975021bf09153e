"""Observations in parts: one vector by one rule, told, saved and asked for again."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from helpers import parted_envs
from helpers.pool_evaluators import make, people_of, replay

import bierl_fast as bf
from bierl_fast.evaluation.again import evaluator_of

PARTS: dict[str, dict[str, int]] = {
    "goal": {"achieved_goal": 2, "desired_goal": 2, "observation": 3},
    "ordered": {"speed": 2, "place": 1},
    "nested": {"a": 2, "b.0": 3, "b.1": 4, "b.2.y": 2, "b.2.z": 1, "c": 5},
    "tuple": {"0": 2, "1": 2},
    "discrete": {"Discrete": 5},
    "choices": {"MultiDiscrete": 6},
    "picture": {"camera": 60, "speed": 2},
    "text": {"mission": 4, "speed": 2},
}


def options(kind: str, **others: Any) -> dict[str, Any]:
    return {"task": parted_envs.make, "task_kwargs": {"kind": kind}, "hidden": (), "fresh_env": "never", **others}


@pytest.mark.parametrize("kind", PARTS)
def test_they_are_what_gymnasium_makes_of_them(kind: str) -> None:
    asked = kind in {"picture", "text"}
    with make(**options(kind, flatten_observation=asked)) as evaluator:
        spec = evaluator.policy.spec
        assert dict(zip(spec.observation_parts, spec.part_sizes, strict=True)) == PARTS[kind]
        assert spec.observation_size == sum(PARTS[kind].values())
        people = people_of(evaluator, 4)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        for row in range(4):
            env = gymnasium.wrappers.FlattenObservation(parted_envs.make(kind=kind))
            assert replay(evaluator, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])


def test_the_order_is_that_of_multi_input_policies() -> None:
    torch_layers = pytest.importorskip("stable_baselines3.common.torch_layers")
    for kind in ("goal", "ordered"):
        extractors = torch_layers.CombinedExtractor(parted_envs.SPACES[kind]).extractors
        assert list(extractors) == list(PARTS[kind])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("picture", r"is Dict, and 'camera' is a Box of shape \(4, 5, 3\): a picture .*set flatten_observation"),
        ("text", r"is Dict, and 'mission' is a Text: a picture or a text; set flatten_observation"),
        (
            "graph",
            r"is Dict, and 'net' is a Graph: no vector .*; take the others, --wrapper '.*=\[\"speed\"\]\)'",
        ),
        ("one text", r"space is Text: a picture or a text; set flatten_observation .*too, or make it one vector in"),
        ("words", r"is Dict, and 'mission' is a Words: no vector of one length"),
        ("sequence", r"is Tuple, and '1' is a Sequence: no vector .*keys=\[0\]\)', or make it"),
    ],
)
def test_what_is_asked_about_or_cannot_be(kind: str, message: str) -> None:
    with pytest.raises(bf.TaskError, match=message) as caught:
        make(**options(kind))
    assert "\n" not in str(caught.value)


def test_what_a_wrapper_leaves_out_is_not_asked_about() -> None:
    left = "gymnasium.wrappers:FilterObservation(filter_keys=['speed'])"
    for kind in ("picture", "graph", "words"):
        with make(**options(kind, wrapper=[left])) as evaluator:
            assert evaluator.policy.spec.observation_parts == ("speed",)


def test_a_part_that_is_missing_fails_its_episode_in_one_line() -> None:
    kwargs = {"kind": "goal", "lacks": "desired_goal"}
    with make(**options("goal", task_kwargs=kwargs, on_failure="raise")) as evaluator:
        message = r"must be one of the environment's Dict space, got a dict without 'desired_goal' .*\(step in "
        with pytest.raises(bf.EpisodeError, match=message):
            evaluator.evaluate(people_of(evaluator, 2))


def test_a_run_tells_and_a_policy_holds_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = tmp_path / "run"
    config = bf.Config(
        task="helpers.parted_envs:make",
        task_kwargs={"kind": "nested"},
        hidden=(),
        workers=1,
        population=4,
        generations=1,
        meta="none",
    )
    with caplog.at_level(logging.INFO, "bierl_fast"):
        result = bf.train(config, run)
    (told,) = [line for line in caplog.messages if "one vector of 17: a 2, b.0 3, b.1 4, b.2.y 2, b.2.z 1, c 5" in line]
    assert told.startswith("task helpers.parted_envs:make")
    assert len(bf.resume(run, generations=2).metrics) == 2
    assert bf.evaluate(run, episodes=2)["episode_failures"] == 0
    loaded = bf.Policy.load(run / "policy.npz")
    assert loaded.spec.observation_parts == ("a", "b.0", "b.1", "b.2.y", "b.2.z", "c")
    with pytest.raises(bf.ArgumentTypeError, match=r"shape \(17,\) \(a 2, b\.0 3, .*FlattenObservation has them\)"):
        result.policy.act(parted_envs.SPACES["nested"].sample())
    seen: Any = spaces.flatten(parted_envs.SPACES["nested"], parted_envs.SPACES["nested"].sample())
    assert np.shape(result.policy.act(seen)) == (1,)


def test_other_parts_of_as_many_numbers_are_refused() -> None:
    with make(**options("goal")) as evaluator:
        policy = evaluator.policy
    turned = policy.with_spec(replace(policy.spec, observation_parts=("desired_goal", "achieved_goal", "observation")))
    message = r"observations of desired_goal 2, .*, and task .*make has achieved_goal 2, .* here"
    with pytest.raises(bf.TaskError, match=message):
        evaluator_of(turned, task=parted_envs.make, workers=1)
    evaluator_of(policy, task=parted_envs.make, workers=1).close()
