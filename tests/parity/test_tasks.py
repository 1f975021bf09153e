"""Every native task against Gymnasium's own, step by step: same seeds, same actions, everything compared."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from helpers.tolerance import TOLERANCE, tolerance
from parity.side_by_side import Trace, assert_within, official, run

from bierl_fast._native import core
from bierl_fast.native_env import NativeEnv

TASKS = [  # Gymnasium has no bierl/...
    row["id"] for row in core.task_table() if row["engine"] == "mujoco" and not row["id"].startswith("bierl/")
]
INFINITY = float("inf")

NO_HUMANOID_EXTRAS = {
    "include_cinert_in_observation": False,
    "include_cvel_in_observation": False,
    "include_qfrc_actuator_in_observation": False,
    "include_cfrc_ext_in_observation": False,
}
WEIGHTS = {"forward_reward_weight": 1.7, "ctrl_cost_weight": 0.37}
WITH_POSITIONS = {"exclude_current_positions_from_observation": False}

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("InvertedPendulum-v5", {"frame_skip": 4, "reset_noise_scale": 0.15}),
    ("InvertedPendulum-v5", {"reset_noise_scale": 0}),
    ("InvertedDoublePendulum-v5", {"frame_skip": 2, "healthy_reward": 3.3, "reset_noise_scale": 0.2}),
    ("Reacher-v5", {"frame_skip": 5, "reward_dist_weight": 2.5, "reward_control_weight": 0.3}),
    (
        "Pusher-v5",
        {"frame_skip": 3, "reward_near_weight": 0.7, "reward_dist_weight": 1.9, "reward_control_weight": 3},
    ),
    ("Swimmer-v5", {**WEIGHTS, **WITH_POSITIONS, "frame_skip": 2, "reset_noise_scale": 0.5}),
    ("HalfCheetah-v5", {**WEIGHTS, **WITH_POSITIONS, "frame_skip": 3, "reset_noise_scale": 0.02}),
    ("HalfCheetah-v5", {"ctrl_cost_weight": 0, "reset_noise_scale": 0.0}),
    (
        "Hopper-v5",
        {**WEIGHTS, **WITH_POSITIONS, "frame_skip": 2, "healthy_reward": 0.3, "reset_noise_scale": 0.02},
    ),
    (
        "Hopper-v5",
        {
            "healthy_state_range": (-1.5, 2.0),
            "healthy_z_range": (1.1, 1.3),
            "healthy_angle_range": (-1, 0.05),
        },
    ),
    ("Hopper-v5", {"terminate_when_unhealthy": False}),
    (
        "Walker2d-v5",
        {**WEIGHTS, **WITH_POSITIONS, "frame_skip": 2, "healthy_reward": 0.3, "reset_noise_scale": 0.1},
    ),
    ("Walker2d-v5", {"healthy_z_range": (1.0, INFINITY), "healthy_angle_range": (-0.3, 2.0)}),
    ("Walker2d-v5", {"terminate_when_unhealthy": False}),
    (
        "Ant-v5",
        {**WEIGHTS, **WITH_POSITIONS, "frame_skip": 2, "healthy_reward": 0.3, "reset_noise_scale": 0.3},
    ),
    ("Ant-v5", {"include_cfrc_ext_in_observation": False, "contact_cost_weight": 0.2}),
    ("Ant-v5", {"include_cfrc_ext_in_observation": False, "contact_cost_weight": 0.0}),
    (
        "Ant-v5",
        {"main_body": "front_left_leg", "contact_force_range": (-0.2, 5.0), "healthy_z_range": (0.45, 0.8)},
    ),
    ("Ant-v5", {"main_body": 3, "terminate_when_unhealthy": False}),
    (
        "Humanoid-v5",
        {**WEIGHTS, **WITH_POSITIONS, **NO_HUMANOID_EXTRAS, "frame_skip": 3, "healthy_reward": 0.3},
    ),
    ("Humanoid-v5", {**NO_HUMANOID_EXTRAS, "contact_cost_weight": 0, "reset_noise_scale": 0.1}),
    (
        "Humanoid-v5",
        {"contact_cost_weight": 0.01, "contact_cost_range": (0.5, 2.0), "healthy_z_range": (1.2, 1.5)},
    ),
    ("Humanoid-v5", {"terminate_when_unhealthy": False, "include_cinert_in_observation": False}),
    (
        "HumanoidStandup-v5",
        {**WITH_POSITIONS, "frame_skip": 3, "uph_cost_weight": 2.0, "ctrl_cost_weight": 0.37},
    ),
    (
        "HumanoidStandup-v5",
        {"impact_cost_weight": 0.01, "impact_cost_range": (0.5, 2.0), "reset_noise_scale": 0.1},
    ),
    ("HumanoidStandup-v5", {**NO_HUMANOID_EXTRAS, "impact_cost_weight": 0}),
]


def assert_equal(task: str, native: Trace, wanted: Trace) -> None:
    allowed = tolerance(task)
    assert native.terminated_t == wanted.terminated_t
    assert native.truncated_t == wanted.truncated_t
    for name in ("observation_to", "reset_observation_eo"):
        ours, theirs = np.array(getattr(native, name)), np.array(getattr(wanted, name))
        assert ours.dtype == theirs.dtype == np.float64
        assert_within(ours, theirs, allowed.observation_ulp, f"{task} {name}")
    terms = wanted.info_columns()
    for ours_by_key, theirs_by_key in (
        (native.info_columns(), terms),
        (native.reset_info_columns(), wanted.reset_info_columns()),
    ):
        assert list(ours_by_key) == list(theirs_by_key)
        for name, theirs in theirs_by_key.items():
            assert_within(ours_by_key[name], theirs, allowed.info(name), f"{task} info {name}")
    largest_t = np.max([np.abs(value) for name, value in terms.items() if "reward" in name], axis=0)
    assert_within(np.array(native.reward_t), np.array(wanted.reward_t), allowed.reward_ulp, f"{task} reward", largest_t)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_twenty_seeds_thousand_steps(task: str) -> None:
    native = run(NativeEnv(task), range(20), 1000)
    assert_equal(task, native, run(official(task), range(20), 1000))
    assert len(native.reward_t) == 20_000


@pytest.mark.parametrize(("task", "options"), OPTIONS)
def test_options(task: str, options: dict[str, Any]) -> None:
    native = run(NativeEnv(task, **options), range(50, 53), 60)
    assert_equal(task, native, run(official(task, **options), range(50, 53), 60))


@pytest.mark.parametrize("task", TASKS)
def test_actions_outside_the_box(task: str) -> None:
    """MuJoCo cuts what drives the motors, and rewards charge for the action as it came, on both sides."""
    native = run(NativeEnv(task), range(3), 40, reach=5.0)
    assert_equal(task, native, run(official(task), range(3), 40, reach=5.0))


def test_options_cover_every_keyword() -> None:
    for row in core.task_table():
        if row["id"] not in TASKS:
            continue
        tried = {name for task, options in OPTIONS if task == row["id"] for name in options}
        assert tried == set(row["keywords"]) - {"wrappers"}, row["id"]


def test_tolerance_names_native_tasks_and_reasons() -> None:
    assert set(TOLERANCE) <= set(TASKS)
    assert all(entry.why for entry in TOLERANCE.values())


@pytest.mark.parametrize("task", TASKS)
def test_spaces_spec_and_metadata(task: str) -> None:
    native, wanted = NativeEnv(task), official(task)
    assert native.observation_space == wanted.observation_space
    assert native.action_space == wanted.action_space
    assert native.metadata["render_fps"] == wanted.metadata["render_fps"]
    assert native.spec is not None
    assert wanted.spec is not None
    for name in ("id", "max_episode_steps", "reward_threshold", "nondeterministic"):
        assert getattr(native.spec, name) == getattr(wanted.spec, name)


@pytest.mark.parametrize("task", TASKS)
def test_gymnasium_accepts_it(task: str) -> None:
    with warnings.catch_warnings():
        # Gymnasium says the same of its own tasks: observations without bounds, controls not from -1 to 1.
        warnings.filterwarnings("ignore", message=".*observation space m(in|ax)imum value is -?infinity.*")
        warnings.filterwarnings("ignore", message=".*we recommend using a symmetric and normalized space.*")
        check_env(NativeEnv(task), skip_render_check=True)


def test_truncates_at_the_limit_given() -> None:
    env = NativeEnv("HalfCheetah-v5", max_episode_steps=3)
    action = np.zeros(6, np.float32)
    env.reset(seed=0)
    assert [env.step(action)[3] for _ in range(4)] == [False, False, True, True]
    env.reset()
    assert env.step(action)[3] is False


def test_big_seed_is_gymnasiums() -> None:
    for seed in (2**32, 2**63 + 12345, 2**64 - 1):
        native, wanted = NativeEnv("HalfCheetah-v5"), official("HalfCheetah-v5")
        np.testing.assert_array_equal(native.reset(seed=seed)[0], wanted.reset(seed=seed)[0])


@pytest.mark.parametrize("task", ["Hopper-v5", "Ant-v5", "Humanoid-v5"])
def test_diverging_episodes_are_equal(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # Gymnasium's side writes MUJOCO_LOG.TXT
    options: dict[str, Any] = {"reset_noise_scale": 1e11, "terminate_when_unhealthy": False}
    env = NativeEnv(task, **options)
    with np.errstate(all="ignore"):
        assert_equal(task, run(env, range(3), 20), run(official(task, **options), range(3), 20))
    assert env.diverged


def test_divergence_shows_and_is_quiet(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = NativeEnv("Hopper-v5", terminate_when_unhealthy=False)
    env.reset(seed=0)
    for value in (1.0, np.nan, 1e30, -1e30):
        for _ in range(5):
            env.step(np.full(3, value, np.float32))
    assert env.diverged
    env.reset()
    assert not env.diverged
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert list(tmp_path.iterdir()) == []
