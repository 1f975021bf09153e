"""What the native evaluator refuses: populations, orders, options, tasks."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
from helpers.populations import BAD, SMALL, population, start

import bierl_fast as bf
from bierl_fast._library import gymnasium_assets
from bierl_fast._native import core
from bierl_fast.evaluation.base import Evaluator


def shape_of(evaluator: Evaluator) -> Any:
    assert isinstance(evaluator.policy, bf.Policy)
    return evaluator.policy.shape


@pytest.mark.parametrize(("change", "error", "message"), BAD)
def test_bad_populations(change: dict[str, Any], error: type[Exception], message: str) -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 4)
    unlooked = copy.copy(people)
    for name, value in change.items():
        object.__setattr__(unlooked, name, value)  # past the constructor, which may refuse it by itself
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1)
    with pytest.raises(error, match=message):
        rollout.evaluate(unlooked, core.Normalizer(), np.arange(4, dtype=np.int32), 5, True, False)
    with pytest.raises(error, match=message):
        evaluator.evaluate(dataclasses.replace(people, **change))


def test_rows_that_are_not_there() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 4)
    with pytest.raises(ValueError, match="row 4 of a population of 4"):
        evaluator.parameters(people, 4)
    with pytest.raises(ValueError, match="row -1 of a population of 4"):
        evaluator.parameters(people, -1)
    for row in (-1, 4):
        with pytest.raises(ValueError, match=f"row {row} of a population of 4"):
            evaluator.reset_seed(people, row)


def test_an_order_that_is_no_permutation_and_a_foreign_normalizer() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people = population(start(evaluator), 3)
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1)
    normalizer = core.Normalizer()
    for order, wrong in (([0, 1, 1], 1), ([0, 1, 3], 3), ([-1, 1, 2], -1)):
        with pytest.raises(ValueError, match=f"order must be a permutation of the rows, and has {wrong} twice or out"):
            rollout.evaluate(people, normalizer, np.array(order, np.int32), 5, True, False)
    foreign = core.Normalizer.from_moments(1.0, np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="normalizer has 3 elements, expected 4"):
        rollout.evaluate(people, foreign, np.arange(3, dtype=np.int32), 5, True, False)
    with pytest.raises(ValueError, match="normalizer has 3 elements, expected 4"):
        shape_of(evaluator).act(foreign, start(evaluator), np.zeros(4), np.zeros(1, np.float32))


def test_episodes_have_steps_and_room_for_their_transitions() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", threads=1, **SMALL)
    people, order = population(start(evaluator), 1), np.zeros(1, np.int32)
    rollout = core.Rollout("InvertedPendulum-v5", {}, gymnasium_assets(), shape_of(evaluator), 5, "none", 1, True)
    with pytest.raises(ValueError, match="an episode needs at least one step, got -1"):
        rollout.evaluate(people, core.Normalizer(), order, -1, False, False)
    with pytest.raises(ValueError, match="room for the transitions of 5 steps, got max_steps = 6"):
        rollout.evaluate(people, core.Normalizer(), order, 6, False, False, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, r"threads must be an integer in \[1, 1024\], got 0"),
        ({"episode_cap": 0}, r"episode_cap must be an integer in \[1, 2147483647\], got 0"),
        ({"episode_cap": 1.5}, r"episode_cap must be an integer in \[1, 2147483647\], got 1.5"),
        ({"log_std": float("nan")}, "log_std must be finite, got nan"),
        ({"log_std": "-1"}, "log_std must be a number, got '-1'"),
        ({"obs_norm": "no"}, "obs_norm must be True or False, got 'no'"),
        ({"transitions": 1}, "transitions must be True or False, got 1"),
        ({"hidden": 8}, r"hidden must be a tuple of layer sizes, such as \(64, 64\), or \(\) for none; got 8"),
        ({"hidden": (8.5,)}, r"a size in hidden must be an integer in \[1, 2147483647\], got 8.5"),
        ({"threads": True}, "threads must be an integer or None, got True"),
        ({"behavior": "final"}, "no behavior named 'final'; did you mean 'final_.*known: actions, final_"),
        ({"hidden": (8, 0)}, r"a size in hidden must be an integer in \[1, 2147483647\], got 0"),
        ({"activation": "gelu"}, "no activation named 'gelu'; .*known: relu, tanh"),
        ({"task_kwargs": {"healthy_rewar": 1.0}}, "did you mean 'healthy_reward'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        bf.make_evaluator("Hopper-v5", **options)


def test_numbers_of_numpy_are_numbers() -> None:
    evaluator = bf.make_evaluator("Hopper-v5", hidden=[np.int64(8)], log_std=np.float32(-1.0), threads=np.int32(1))  # type: ignore[arg-type]
    assert evaluator.policy.initial_parameters().size == 11 * 8 + 8 + 8 * 3 + 3


def test_unknown_tasks() -> None:
    with pytest.raises(ValueError, match=r"no task named 'Hoper-v5'; .*did you mean 'Hopper-v5'"):
        bf.make_evaluator("Hoper-v5")
    with pytest.raises(TypeError, match=r"^task must be a string or a function or a MujocoTask, got 3$"):
        bf.make_evaluator(3)  # type: ignore[arg-type]  # what this test is about
