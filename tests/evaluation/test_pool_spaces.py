"""The process pool: seeds, observations and actions as an environment wants them, and the ways to name it."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers import pool_envs
from helpers.pool_evaluators import WALK, Evaluator, make, people_of, replay
from helpers.populations import assert_same_bits, population

import bierl_fast as bf
from bierl_fast.evaluation.environment.spaces import read_interface
from bierl_fast.finite import LARGEST32
from bierl_fast.messages import EvaluationBatch, NoiseKey, Stream


@pytest.mark.parametrize("fresh_env", ["auto", "never"])
def test_an_environment_that_takes_short_seeds_gets_them(fresh_env: str) -> None:
    task = {"task": WALK, "task_kwargs": {"trouble": "random_state"}, "fresh_env": fresh_env}
    with make(**task, workers=1) as one, make(**task, workers=2) as two:
        people = people_of(one, 4)
        batch = one.evaluate(people)
        assert not batch.failed_r.any()
        assert_same_bits(batch, two.evaluate(people))
        for row in range(4):
            assert one.reset_seed(people, row) < 2**31
            env = gymnasium.make(WALK, trouble="random_state")
            assert replay(one, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])


def test_other_environments_get_long_seeds(walk: Evaluator) -> None:
    people = people_of(walk, 4)
    assert max(walk.reset_seed(people, row) for row in range(4)) >= 2**31


@pytest.mark.parametrize(
    ("task", "size"), [("FrozenLake-v1", 16), ("helpers.pool_envs:pool_tests/Parts-v0", 3 + 2 + 4)]
)
def test_observations_that_are_no_arrays(task: str, size: int, tmp_path: Any) -> None:
    """Discrete, and a Dict with a Tuple in it: what FlattenObservation makes of them, in a saved policy too."""
    with make(task, flatten_observation=True, hidden=()) as evaluator:
        people = people_of(evaluator, 6)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        assert evaluator.policy.spec.observation_size == size
        for row in (0, 5):
            env = gymnasium.wrappers.FlattenObservation(gymnasium.make(task))
            assert replay(evaluator, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])
        evaluator.policy.with_parameters(evaluator.parameters(people, 0)).save(tmp_path / "policy.npz")
    assert bf.evaluate(tmp_path / "policy.npz", episodes=2, workers=1)["episode_failures"] == 0


def test_a_box_that_single_precision_does_not_hold() -> None:
    """As it is written where somebody means no bounds: its ends are the largest numbers, and nobody is warned."""
    env = pool_envs.Spaces(action="wider")
    interface = read_interface(env, flatten=False)
    assert (interface.low, interface.high) == ((-LARGEST32,), (LARGEST32,))
    assert env.action_space.contains(np.array(interface.high, env.action_space.dtype))


def test_discrete_actions_and_flattened_pictures() -> None:
    task = "helpers.pool_envs:pool_tests/Choice-v0"
    with make(task, flatten_observation=True, hidden=()) as evaluator:
        policy = evaluator.policy
        assert policy.parameter_count == (6 + 1) * 3
        action = policy.act(np.zeros((2, 3), np.uint8))  # all outputs equal: the lowest
        assert (action, type(action)) == (5, np.int64)
        theta = np.zeros(21, np.float32)
        theta[-2:] = 1.0
        assert policy.with_parameters(theta).act(np.zeros((2, 3))) == 6
        people = population(np.random.default_rng(0).normal(size=21).astype(np.float32), 4)
        batch = evaluator.evaluate(people)
        assert batch.lengths_r.tolist() == [7] * 4
        env = gymnasium.make(task)
        for row in range(4):
            assert replay(evaluator, people, row, env)[0] == batch.returns_r[row]
        with pytest.raises(ValueError, match=r"observation must have shape \(2, 3\), got \(6,\)"):
            policy.act(np.zeros(6))


def test_actions_in_the_shape_and_precision_of_their_box() -> None:
    with make("helpers.pool_envs:pool_tests/Matrix-v0", hidden=()) as evaluator:
        theta = np.full(evaluator.policy.parameter_count, 100.0, np.float32)  # to the ends of the box
        people = population(theta, 2, 0.0)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
        high = evaluator.policy.spec.high[0]
        assert high <= 0.1
        assert np.float32(high) == np.nextafter(np.float32(0.1), np.float32(0))


def make_and_evaluate(task: Any, **options: Any) -> EvaluationBatch:
    with make(task, **options) as evaluator:
        return evaluator.evaluate(people_of(evaluator))


@pytest.mark.slow  # many worker processes
def test_the_ways_to_name_an_environment(walk: Evaluator) -> None:
    gymnasium.register("Mine-v0", entry_point=pool_envs.new_walk, max_episode_steps=20)  # in this process alone
    try:
        wanted = walk.evaluate(people_of(walk))
        for task in ("Mine-v0", pool_envs.make_walk, "helpers.pool_envs:make_walk", "pool_tests/Walk-v0"):
            assert_same_bits(wanted, make_and_evaluate(task))
    finally:
        del gymnasium.registry["Mine-v0"]
    assert_same_bits(wanted, make_and_evaluate(pool_envs.make_walk, task_kwargs={"length": 12}))
    assert (make_and_evaluate(WALK, task_kwargs={"length": 5}).lengths_r != wanted.lengths_r).any()


@pytest.mark.slow  # many worker processes
def test_saved_policies_of_pool_tasks(walk: Evaluator, tmp_path: Any) -> None:
    path = tmp_path / "policy.npz"
    people = people_of(walk, key=NoiseKey(0, 0, Stream.EVALUATION))
    wanted = walk.evaluate(people)
    with make(pool_envs.make_walk) as evaluator:
        evaluator.policy.save(path)
    for task, capped in ((pool_envs.make_walk, None), ("pool_tests/Endless-v0", 20)):
        with make(task, episode_cap=capped) as evaluator:
            evaluator.policy.save(path)
        loaded = bf.Policy.load(path)
        from bierl_fast.evaluation.again import evaluator_of

        saved = evaluator_of(loaded, workers=1)
        batch = saved.evaluate(people)
        np.testing.assert_array_equal(batch.returns_r, wanted.returns_r)
        saved.close()


def test_an_id_that_is_registered_with_what_cannot_be_pickled() -> None:
    """As shimmy's ids are: a function inside a function, with some of its arguments."""

    def inner(length: int, **kwargs: Any) -> gymnasium.Env[Any, Any]:
        return pool_envs.new_walk(length=length, **kwargs)

    gymnasium.register("closed/Walk-v0", entry_point=functools.partial(inner, length=7), max_episode_steps=20)
    try:
        batch = make_and_evaluate("closed/Walk-v0", fresh_env="never")
    finally:
        del gymnasium.registry["closed/Walk-v0"]
    wanted = make_and_evaluate(WALK, task_kwargs={"length": 7}, fresh_env="never")
    assert_same_bits(wanted, batch)
