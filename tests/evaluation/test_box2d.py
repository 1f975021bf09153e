"""Rollouts of the native Box2D tasks: the same bits at any number of threads, in worker processes and in Gymnasium."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers.pool_evaluators import make, people_of, replay
from helpers.populations import assert_same_bits, population

import bierl_fast as bf
from bierl_fast.evaluation.native import NativeEvaluator, is_native
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.messages import NoiseKey, Stream

pytest.importorskip("Box2D")

TASKS = ["LunarLander-v3", "LunarLanderContinuous-v3", "BipedalWalker-v3", "BipedalWalkerHardcore-v3"]


@pytest.mark.parametrize("task", TASKS)
def test_the_same_bits_at_any_number_of_threads(task: str) -> None:
    options: dict[str, Any] = {"hidden": (6,), "action_noise": "fixed", "behavior": "actions", "episode_cap": 150}
    evaluators = [bf.make_evaluator(task, threads=n, **options) for n in (1, 2, 3, 7)]
    for generation in range(2):
        people = people_of(evaluators[0], 24, key=NoiseKey(4, generation))  # type: ignore[arg-type]
        first, *others = [evaluator.evaluate(people) for evaluator in evaluators]
        assert len(np.unique(first.returns_r)) > 12
        assert not first.failed_r.any()
        for batch in others:
            assert_same_bits(first, batch)
        for evaluator in evaluators:
            evaluator.absorb(first)


@pytest.mark.parametrize("task", TASKS)
def test_native_and_pool_agree(task: str) -> None:
    """Statistics, noise and descriptors included; a worker plays a second episode of each kind after the first."""
    options: dict[str, Any] = {"hidden": (5,), "action_noise": "evolved", "episode_cap": 120}
    native = bf.make_evaluator(task, threads=1, **options)
    assert isinstance(native, NativeEvaluator)
    with make(task, evaluator="pool", **options) as pool:
        of_their_own: dict[str, Any] = {"entry_point": None, "ran_by": {}}
        assert replace(pool.policy.spec, **of_their_own) == replace(native.policy.spec, **of_their_own)
        for generation in range(2):
            people = population(native.policy.initial_parameters(1), 6, 0.2, NoiseKey(2, generation))
            batches = [evaluator.evaluate(people) for evaluator in (native, pool)]
            assert_same_bits(*batches)
            for evaluator in (native, pool):
                evaluator.absorb(batches[0])


@pytest.mark.parametrize("task", ["LunarLander-v3", "BipedalWalkerHardcore-v3"])
def test_rows_replay_in_gymnasium(task: str) -> None:
    native = bf.make_evaluator(task, threads=2, hidden=(4,))
    people = people_of(native, 4, key=NoiseKey(8, 1, Stream.EVALUATION))  # type: ignore[arg-type]
    batch = native.evaluate(people)
    for row in range(4):
        env = gymnasium.make(task)
        assert replay(native, people, row, env) == (batch.returns_r[row], batch.lengths_r[row])
        env.close()


def test_a_policy_acts_by_its_choice_natively_as_after_loading(tmp_path: Any) -> None:
    native = bf.make_evaluator("LunarLander-v3", threads=1, hidden=(4,))
    policy = native.policy.with_parameters(native.policy.initial_parameters(3))
    assert policy.act(np.zeros(8)) in range(4)
    policy.save(tmp_path / "policy.npz")
    loaded = bf.Policy.load(tmp_path / "policy.npz")
    env = bf.NativeEnv("LunarLander-v3")
    seen, _ = env.reset(seed=1)
    assert loaded.act(seen) == policy.act(seen)
    env.step(loaded.act(seen))


def test_settings_of_worker_processes_keep_a_task_there() -> None:
    """As in the runs that were saved before these tasks were native."""
    with make("BipedalWalker-v3", workers=1) as pool:
        assert pool.fresh_env
    with make("LunarLander-v3", workers=None, fresh_env="always") as pool:
        assert isinstance(pool, ProcessPoolEvaluator)
    with make("LunarLander-v3", workers=None, threads=1, task_kwargs={"max_episode_steps": 30}) as pool:
        assert pool.evaluate(people_of(pool, 2)).lengths_r.tolist() == [30, 30]
    for own, name in (({"workers": 2}, "workers"), ({"episode_timeout": 3.0}, "episode_timeout")):
        with pytest.raises(bf.ArgumentError, match=f"^{name} is a setting of worker processes"):
            bf.make_evaluator("LunarLander-v3", evaluator="native", **own)
    with pytest.raises(bf.ArgumentError, match="named 'max_episode_steps'"):
        bf.make_evaluator("LunarLander-v3", evaluator="native", task_kwargs={"max_episode_steps": 30})


def test_discrete_actions_have_no_box_to_squash_into() -> None:
    for evaluator in ("native", "pool"):
        with pytest.raises(bf.ArgumentError, match="squash 'tanh' needs a box of actions, and those of LunarLander-v3"):
            bf.make_evaluator("LunarLander-v3", evaluator=evaluator, squash="tanh")


def test_a_simulation_that_goes_bad_fails_its_row_alone() -> None:
    """A wind that single precision cannot hold: positions are no numbers any more."""
    native = bf.make_evaluator(
        "LunarLander-v3", threads=2, hidden=(4,), task_kwargs={"enable_wind": True, "wind_power": 1e38}
    )
    batch = native.evaluate(people_of(native, 4))  # type: ignore[arg-type]
    assert batch.failed_r.all()
    assert batch.moments is not None
    assert not batch.moments.count_r.any()


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_hundreds_of_random_policies(task: str) -> None:
    native = bf.make_evaluator(task, threads=2, hidden=(8,), obs_norm=False)
    people = population(native.policy.initial_parameters(1), 600, 2.0)
    batch = native.evaluate(people)
    assert not batch.failed_r.any()
    assert np.isfinite(batch.returns_r).all()


def test_an_id_that_was_registered_anew_is_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    for task in TASKS:
        assert is_native(task)
    registry = gymnasium.registry
    for task, changes in (
        ("LunarLander-v3", {"kwargs": {"continuous": True}}),
        ("BipedalWalkerHardcore-v3", {"kwargs": {}}),
        ("BipedalWalker-v3", {"max_episode_steps": 500}),
        ("LunarLanderContinuous-v3", {"entry_point": "helpers.pool_envs:make_walk"}),
    ):
        changed: dict[str, Any] = {"kwargs": dict(registry[task].kwargs), **changes}
        monkeypatch.setitem(registry, task, replace(registry[task], **changed))
        assert not is_native(task)
        with pytest.raises(bf.ArgumentError, match=f"the id {task} was registered anew"):
            bf.make_evaluator(task, evaluator="native")
