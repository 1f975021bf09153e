"""Bad input to NativeEnv: one clear sentence each, with the nearest name where a name was wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bierl_fast._native import core
from bierl_fast.native_env import NativeEnv


class Endless:
    """Has elements without end, as whoever only defines that looks to Python."""

    def __getitem__(self, index: int) -> float:
        return 1.0


class Raising(Endless):
    """Its elements cannot be had."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> float:
        raise KeyError(index)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("HalfCheetah-v4", {}, "no native task named 'HalfCheetah-v4'.*did you mean 'HalfCheetah-v5'"),
        ("CartPole-v1", {}, "no native task named 'CartPole-v1'; known: Ant-v5, .* and 10 more"),
        ("Ant-v5", {"xml_file": "ant.xml"}, "'xml_file' natively.*gymnasium.make.*--evaluator pool.*known: contact_"),
        ("Ant-v5", {"width": 100}, "does not support the option 'width'.*render with gymnasium.make"),
        ("Ant-v5", {"default_camera_config": {"distance": 4.0}}, "not support the option 'default_camera_"),
        ("Ant-v5", {"healty_reward": 1.0}, "no option of Ant-v5 named 'healty_reward'; did you mean 'healthy_reward'"),
        ("Swimmer-v5", {"healthy_reward": 1.0}, "named 'healthy_reward'; known: ctrl_cost_weight, "),
        ("Ant-v5", {"healthy_reward": "a lot"}, "healthy_reward must be a finite number, got 'a lot'"),
        ("Ant-v5", {"healthy_reward": None}, "healthy_reward must be a finite number, got 'None'"),
        ("Ant-v5", {"healthy_reward": float("nan")}, "healthy_reward must be a finite number, got nan"),
        ("Ant-v5", {"healthy_reward": True}, "healthy_reward must be a finite number, got True"),
        ("Ant-v5", {"healthy_z_range": (1.0, 0.2)}, r"must be two numbers.*low < high, got \(1, 0.2\)"),
        ("Ant-v5", {"healthy_z_range": (0.0, float("nan"))}, "healthy_z_range must be two numbers"),
        ("Ant-v5", {"healthy_z_range": (0.0, 1.0, 2.0)}, "healthy_z_range must be two numbers"),
        ("Ant-v5", {"healthy_z_range": 1.0}, "healthy_z_range must be two numbers"),
        ("Ant-v5", {"reset_noise_scale": -0.1}, "reset_noise_scale must be at least 0, got -0.1"),
        ("Ant-v5", {"frame_skip": 0}, "frame_skip must be an integer of at least 1, got 0"),
        ("Ant-v5", {"frame_skip": 2.0}, "frame_skip must be an integer of at least 1, got 2"),
        ("Ant-v5", {"frame_skip": np.array(2.0)}, "frame_skip must be an integer of at least 1"),
        ("Hopper-v5", {"healthy_z_range": np.array(0.5)}, "healthy_z_range must be"),
        ("Hopper-v5", {"healthy_z_range": Endless()}, "healthy_z_range must be"),
        ("Hopper-v5", {"healthy_z_range": Raising()}, "healthy_z_range must be"),
        ("Swimmer-v5", {"wrappers": Endless()}, "wrappers must be"),
        ("Ant-v5", {"frame_skip": 2**70}, "frame_skip must be an integer of at least 1"),
        ("Ant-v5", {"terminate_when_unhealthy": 1}, "terminate_when_unhealthy must be True or False, got 1"),
        ("Ant-v5", {"main_body": "tail"}, "main_body names no body of the model: 'tail'"),
        ("Ant-v5", {"main_body": 14}, "main_body must be from 0 to 13, got 14"),
        ("Ant-v5", {"main_body": 1.5}, "main_body must be a body's name or number, got 1.5"),
        ("Ant-v5", {"render_mode": "ansi"}, "render_mode must be None or one of human, .*, got 'ansi'"),
        ("Ant-v5", {"max_episode_steps": 0}, "max_episode_steps must be an integer in \\[1, 2147483647\\], got 0"),
    ],
)  # fmt: skip
def test_refused(task: str, options: dict[str, Any], message: str) -> None:
    error = TypeError if "render_mode" in options else ValueError  # who tries it first then does without
    with pytest.raises(error, match=message):
        NativeEnv(task, **options)


def test_numpy_values_are_values() -> None:
    env = NativeEnv(
        "Ant-v5",
        frame_skip=np.int64(2),
        healthy_reward=np.float32(0.5),
        terminate_when_unhealthy=np.bool_(False),
        healthy_z_range=np.array([0.1, 2.0]),
        contact_force_range=[-2, 2],
    )
    env.reset(seed=0)
    assert env.step(np.zeros(8, np.float32))[4]["reward_survive"] == 0.5


def test_check_task_needs_no_model() -> None:
    core.check_task("Humanoid-v5", {"contact_cost_range": (-float("inf"), 3.0)})
    with pytest.raises(ValueError, match="did you mean 'frame_skip'"):
        core.check_task("Humanoid-v5", {"frameskip": 3})


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range(seed: int) -> None:
    with pytest.raises(ValueError, match=r"seed must be an integer in \[0, 18446744073709551615\]"):
        NativeEnv("Swimmer-v5").reset(seed=seed)


def test_actions() -> None:
    env = NativeEnv("Swimmer-v5")
    with pytest.raises(ValueError, match="reset must be called before step"):
        env.step(np.zeros(2, np.float32))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action has shape \(3,\), expected \(2,\)"):
        env.step(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match=r"action has shape \(1, 2\), expected \(2,\)"):
        env.step(np.zeros((1, 2), np.float32))
    with pytest.raises(ValueError, match="action has dtype complex64, expected float32"):
        env.step(np.zeros(2, np.complex64))
    float64: Any = np.zeros(2)
    env.step(float64)
    env.step(np.zeros(4, np.float32)[::2])


def test_core_converts_nothing() -> None:
    env = NativeEnv("Swimmer-v5")
    env.reset(seed=0)
    core: Any = env._core
    action, observation = np.zeros(2, np.float32), np.zeros(8)
    with pytest.raises(TypeError, match=r"action must be a C-contiguous float32 array of shape .*got dtype float64"):
        core.step(np.zeros(2), observation)
    with pytest.raises(TypeError, match=r"observation must be a C-contiguous float64 array .*got dtype float32"):
        core.step(action, np.zeros(8, np.float32))
    with pytest.raises(TypeError, match="action must be a numpy array, got list"):
        core.step([0.0, 0.0], observation)
    with pytest.raises(ValueError, match="got one with other strides"):
        core.step(action, np.zeros(16)[::2])
    with pytest.raises(ValueError, match="observation has 7 elements, expected 8"):
        core.step(action, np.zeros(7))
    observation.flags.writeable = False
    with pytest.raises(ValueError, match="got a read-only one"):
        core.step(action, observation)
