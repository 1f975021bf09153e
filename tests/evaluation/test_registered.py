"""A native task is Gymnasium's own, and an id that somebody has registered anew is not."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec
from helpers.pool_envs import Walk

import bierl_fast as bf
from bierl_fast.evaluation.environment.registered import taken_over_by
from bierl_fast.evaluation.native import is_native, native_tasks

pytestmark = pytest.mark.usefixtures("registry")
IDS = [entry["id"] for entry in native_tasks()]


def register(task: str, entry_point: Any, **settings: Any) -> None:
    gymnasium.registry.pop(task, None)
    gymnasium.register(task, entry_point, **settings)


@pytest.mark.parametrize("task", IDS)
def test_gymnasiums_own(task: str) -> None:
    assert taken_over_by(task) is None
    assert is_native(task)


@pytest.mark.parametrize("task", IDS)
def test_one_that_is_not_registered_is_nobodys(task: str) -> None:
    gymnasium.registry.pop(task)
    assert is_native(task)


CHANGES: dict[str, dict[str, Any]] = {
    "another class": {"entry_point": Walk},
    "another version": {"entry_point": "gymnasium.envs.mujoco.walker2d_v4:Walker2dEnv"},
    "another body": {"entry_point": "gymnasium.envs.mujoco.hopper_v5:HopperEnv"},
    "keyword arguments": {"kwargs": {"ctrl_cost_weight": 1.0}},
    "a longer time limit": {"max_episode_steps": 2000},
    "a wrapper": {
        "additional_wrappers": (gymnasium.wrappers.FlattenObservation.wrapper_spec(),)
        if hasattr(gymnasium.wrappers.FlattenObservation, "wrapper_spec")
        else ("a wrapper",)
    },
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_is_seen(change: str) -> None:
    own: EnvSpec = gymnasium.registry["Walker2d-v5"]
    values: dict[str, Any] = {
        "entry_point": own.entry_point,
        "max_episode_steps": own.max_episode_steps,
        **CHANGES[change],
    }
    register("Walker2d-v5", **values)
    assert taken_over_by("Walker2d-v5")
    assert not is_native("Walker2d-v5")
    assert is_native("Hopper-v5")


def test_auto_takes_what_is_registered_and_native_refuses_it() -> None:
    register("Swimmer-v5", Walk, max_episode_steps=3)
    with bf.make_evaluator("Swimmer-v5", hidden=(), workers=1) as evaluator:  # type: ignore[attr-defined]
        assert evaluator.policy.spec.observation_size == 2
        assert evaluator.max_steps == 3
        policy = evaluator.policy
    with pytest.raises(ValueError, match=r"Swimmer-v5 was registered anew, and is made by helpers.pool_envs:Walk here"):
        bf.make_evaluator("Swimmer-v5", evaluator="native")
    assert bf.evaluate(policy, episodes=1)["mean_length"] == 3
    register("Swimmer-v5", "gymnasium.envs.mujoco.swimmer_v5:SwimmerEnv", max_episode_steps=1000)
    message = r"was made by helpers.pool_envs:Walk when the policy was trained, and is made by gymnasium.*Swimmer"
    with pytest.raises(ValueError, match=message):
        bf.evaluate(policy, episodes=1)
    with pytest.raises(ValueError, match=r"made for 2 observations and 1 actions, and task Swimmer-v5 has 8 and 2"):
        bf.evaluate(policy, episodes=1, task="Swimmer-v5")


def test_a_native_policy_is_not_evaluated_on_another_environment() -> None:
    policy = bf.make_evaluator("InvertedPendulum-v5", hidden=(), threads=1).policy
    register("InvertedPendulum-v5", Walk, max_episode_steps=3)
    with pytest.raises(ValueError, match=r"made by the native task of that id when .* helpers.pool_envs:Walk here"):
        bf.evaluate(policy, episodes=1)


@pytest.mark.slow
def test_a_run_goes_on_with_the_environment_it_had(tmp_path: Any) -> None:
    settings: dict[str, Any] = {"meta": "none", "population": 4, "generations": 1, "hidden": (), "episode_cap": 5}
    bf.train(bf.Config(task="Swimmer-v5", **settings), tmp_path / "native")
    register("Swimmer-v5", Walk, max_episode_steps=3)
    bf.train(bf.Config(task="Swimmer-v5", workers=1, **settings), tmp_path / "own")
    assert len(bf.resume(tmp_path / "own", generations=2).metrics) == 2
    with pytest.raises(bf.ConfigError, match=r"made by the native task of that id when .* helpers.pool_envs:Walk here"):
        bf.resume(tmp_path / "native", generations=2)
    register("Swimmer-v6", Walk, max_episode_steps=3)  # a later one than the native: nothing to warn of
    bf.train(bf.Config(task="Swimmer-v6", workers=1, **settings), tmp_path / "later")
    register("Swimmer-v5", "gymnasium.envs.mujoco.swimmer_v5:SwimmerEnv", max_episode_steps=1000)
    assert len(bf.resume(tmp_path / "native", generations=2).metrics) == 2
    for call in (bf.evaluate, bf.diagnose):
        with pytest.raises(ValueError, match=r"was made by helpers.pool_envs:Walk when the policy was trained"):
            call(tmp_path / "own")
