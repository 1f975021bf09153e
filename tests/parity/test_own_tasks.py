"""Gymnasium's tasks written again as terms, against Gymnasium's own and against the built-in ones, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.own_tasks import REWRITTEN, rewritten
from helpers.tolerance import tolerance
from parity.side_by_side import Trace, assert_within, official, run

from bierl_fast.native_env import NativeEnv
from bierl_fast.tasks.mujoco_task import MujocoTask


def own(task: str, **changes: Any) -> NativeEnv:
    return NativeEnv(MujocoTask(**rewritten(task, **changes)))


def assert_same_bits(ours: Trace, theirs: Trace) -> None:
    assert ours.terminated_t == theirs.terminated_t
    assert ours.truncated_t == theirs.truncated_t
    assert ours.reward_t == theirs.reward_t
    for name in ("observation_to", "reset_observation_eo"):
        assert np.array(getattr(ours, name)).tobytes() == np.array(getattr(theirs, name)).tobytes(), name


def assert_same_terms(ours: Trace, theirs: Trace) -> None:
    """What info says of each term of the reward, up to the sign of zero."""
    told, wanted = ours.info_columns(), theirs.info_columns()
    assert set(told) == {name for name in wanted if name.startswith("reward_")}
    for name, column in told.items():
        np.testing.assert_array_equal(column, wanted[name], name)


@pytest.mark.slow
@pytest.mark.parametrize("task", sorted(REWRITTEN))
def test_twenty_seeds_thousand_steps(task: str) -> None:
    ours, theirs = run(own(task), range(20), 1000), run(official(task), range(20), 1000)
    allowed = tolerance(task)
    assert ours.terminated_t == theirs.terminated_t
    assert ours.truncated_t == theirs.truncated_t
    for name in ("observation_to", "reset_observation_eo"):
        assert_within(
            np.array(getattr(ours, name)), np.array(getattr(theirs, name)), allowed.observation_ulp, f"{task} {name}"
        )
    largest_t = np.max([abs(value) for name, value in theirs.info_columns().items() if "reward" in name], axis=0)
    assert_within(np.array(ours.reward_t), np.array(theirs.reward_t), allowed.reward_ulp, f"{task} reward", largest_t)
    assert len(ours.reward_t) == 20_000


@pytest.mark.parametrize("task", sorted(REWRITTEN))
def test_same_bits_as_the_built_in_task(task: str) -> None:
    ours, theirs = run(own(task), range(40, 43), 150), run(NativeEnv(task), range(40, 43), 150)
    assert_same_bits(ours, theirs)
    assert_same_terms(ours, theirs)


@pytest.mark.parametrize("task", sorted(REWRITTEN))
def test_actions_outside_the_box(task: str) -> None:
    ours, theirs = run(own(task), range(2), 40, reach=5.0), run(NativeEnv(task), range(2), 40, reach=5.0)
    assert_same_bits(ours, theirs)


@pytest.mark.parametrize("task", sorted(REWRITTEN))
def test_same_spaces(task: str) -> None:
    ours, theirs = own(task), NativeEnv(task)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.metadata["render_fps"] == theirs.metadata["render_fps"]


def test_other_numbers_than_gymnasiums() -> None:
    """Options of the built-in task, each said by a term."""
    changes = rewritten("Hopper-v5")
    changes["reward"][0] |= {"weight": 1.7}
    changes["reward"][1] |= {"weight": 0.3}
    changes["termination"][0] |= {"range": [1.1, 1.3], "ends": False}
    changes["observation"][0] = {"term": "joint_positions"}
    theirs = NativeEnv(
        "Hopper-v5",
        frame_skip=2,
        forward_reward_weight=1.7,
        healthy_reward=0.3,
        healthy_z_range=(1.1, 1.3),
        terminate_when_unhealthy=False,
        exclude_current_positions_from_observation=False,
    )
    for term in changes["termination"]:
        term["ends"] = False
    ours = NativeEnv(MujocoTask(**{**changes, "frame_skip": 2}))
    assert_same_bits(run(ours, range(3), 80), run(theirs, range(3), 80))


def test_diverging_episodes_are_equal() -> None:
    changes = rewritten("Hopper-v5", termination=[])
    for noise in changes["reset"]:
        noise["scale"] = 1e11
    env = NativeEnv(MujocoTask(**{**changes, "termination": []}))
    env.reset(seed=0)
    env.step(np.zeros(3, np.float32))
    assert env.diverged
