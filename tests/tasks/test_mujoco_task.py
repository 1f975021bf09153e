"""A task of one's own, in every form in which it is given."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from helpers.own_tasks import REWRITTEN, arm, rewritten

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK

FILE = """
name = "reacher"
model = "models/arm.xml"
frame_skip = 5
episode_steps = 40
keyframe = "raised"

observation = [{ term = "joint_positions" }, { term = "joint_velocities", clip = [-5, 5], scale = 0.2 }]
reward = [{ term = "distance", from_site = "hand", to_point = [0.5, 0, 1], weight = -1 }]

[[termination]]
term = "joint_velocities"
range = [-inf, 30]
"""


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    arm(tmp_path / "models")
    path = tmp_path / "my_arm.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def first_steps(env: gymnasium.Env[Any, Any]) -> list[Any]:
    env.reset(seed=3)
    steps = [env.step(np.full(env.action_space.shape, 0.3, np.float32))[:2] for _ in range(10)]
    return [(observation.tobytes(), reward) for observation, reward in steps]


def test_the_file_says_what_python_says(task_file: Path, tmp_path: Path) -> None:
    loaded = bf.MujocoTask.load(task_file)
    written = bf.MujocoTask(
        **arm(
            tmp_path / "models",
            name="reacher",
            keyframe="raised",
            episode_steps=40,
            observation=[{"term": "joint_positions"}, {"term": "joint_velocities", "clip": (-5, 5), "scale": 0.2}],
            reward=[{"term": "distance", "from_site": "hand", "to_point": np.array([0.5, 0, 1]), "weight": -1}],
            reset=[],
            termination=[{"term": "joint_velocities", "range": (-np.inf, 30.0)}],
        )
    )
    assert loaded == written
    assert first_steps(bf.NativeEnv(str(task_file))) == first_steps(bf.NativeEnv(written))


def test_a_name_is_that_of_the_file(task_file: Path) -> None:
    task_file.write_text(FILE.replace('name = "reacher"', ""), encoding="utf-8")
    assert bf.MujocoTask.load(task_file).name == "my_arm"
    assert bf.MujocoTask(**rewritten("Hopper-v5", name=None)).name == "hopper"


def test_every_form_is_the_same_task(task_file: Path) -> None:
    task = bf.MujocoTask.load(task_file)
    bf.register("Mine/Arm-v0", task)
    bf.register("Mine/Arm-v0", task_file)
    try:
        forms: list[Any] = [task, str(task_file), "Mine/Arm-v0"]
        wanted = first_steps(bf.NativeEnv(task))
        assert all(first_steps(bf.NativeEnv(form)) == wanted for form in forms)
        assert first_steps(gymnasium.make("Mine/Arm-v0")) == wanted
        configs = [bf.Config(task=form) for form in forms]
        assert all(config == configs[0] for config in configs)
        assert (configs[0].task, configs[0].task_kwargs) == (MUJOCO_TASK, task.keywords())
        for form in forms:
            evaluator: Any = bf.make_evaluator(form, threads=1)
            assert type(evaluator).__name__ == "NativeEvaluator"
            assert evaluator.policy.spec.task_kwargs == task.keywords()
    finally:
        del gymnasium.registry["Mine/Arm-v0"]


def test_what_is_given_beside_the_task_takes_the_place_of_its_own(task_file: Path) -> None:
    config = bf.Config(task=str(task_file), task_kwargs={"episode_steps": 7})
    evaluator: Any = bf.make_evaluator(config.task, task_kwargs=config.task_kwargs)
    assert evaluator.policy.spec.task_kwargs["episode_steps"] == 7
    spec = bf.NativeEnv(str(task_file), frame_skip=2).spec
    assert spec is not None
    assert spec.kwargs["frame_skip"] == 2
    assert bf.Config(task="HalfCheetah-v5").replace(task=str(task_file)).task_kwargs["episode_steps"] == 40
    assert bf.Config(task=str(task_file)).replace(task="HalfCheetah-v5").task_kwargs == {}


def test_gymnasium_accepts_it(task_file: Path) -> None:
    task_file.write_text(FILE.replace("-inf, 30", "-1000, 1000"), encoding="utf-8")
    env = bf.NativeEnv(str(task_file))
    assert env.spec is not None
    with pytest.warns(UserWarning, match="Box"):  # motors without limits
        check_env(env, skip_render_check=True)
    env.reset(seed=0)
    for copied in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        assert first_steps(copied) == first_steps(env)
    assert env.action_space == gymnasium.spaces.Box(
        np.array([-1, -np.inf], np.float32), np.array([1, np.inf], np.float32)
    )


def test_an_episode_ends_at_its_limit(task_file: Path) -> None:
    env = bf.NativeEnv(str(task_file), episode_steps=3)
    env.reset(seed=0)
    assert [env.step(np.zeros(2, np.float32))[3] for _ in range(3)] == [False, False, True]


def test_terms_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    reward = [{"term": "sensors", "sensors": "elbow_angle"}, {"term": "sensors", "sensors": "hand_velocity", "skip": 2}]
    env = bf.NativeEnv(bf.MujocoTask(**arm(tmp_path, reward=reward)))
    env.reset(seed=0)
    assert list(env.step(np.ones(2, np.float32))[4]) == ["reward_sensors", "reward_sensors_2"]


@pytest.mark.parametrize("task", sorted(REWRITTEN))
def test_same_bits_at_any_number_of_threads(task: str) -> None:
    own = bf.MujocoTask(**rewritten(task, episode_steps=60))
    returns = []
    for threads in (1, 2, 3):
        evaluator = bf.make_evaluator(own, threads=threads, hidden=(8,), obs_norm=False)
        strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=12)
        population = strategy.ask(bf.Hyperparameters(sigma=0.1, learning_rate=0.1), bf.NoiseKey(0, 0))
        returns.append(evaluator.evaluate(population).returns_r.tobytes())
        evaluator.close()
    assert returns[0] == returns[1] == returns[2]


def test_a_policy_of_another_task_of_ones_own_is_evaluated(task_file: Path, tmp_path: Path) -> None:
    config = bf.Config(task=str(task_file), generations=1, population=4, meta="none", threads=1)
    bf.train(config, tmp_path / "run")
    shorter = bf.MujocoTask(**{**bf.MujocoTask.load(task_file).keywords(), "episode_steps": 5})
    assert bf.evaluate(tmp_path / "run", episodes=2, threads=1)["mean_length"] == 40
    assert bf.evaluate(tmp_path / "run", episodes=2, threads=1, task=shorter)["mean_length"] == 5


def test_the_hash_sees_what_a_model_includes(tmp_path: Path) -> None:
    for name, size in (("one", "0.1"), ("other", "0.1"), ("larger", "0.2")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ball.xml").write_text(f'<mujoco><geom name="ball" size="{size}"/></mujoco>', encoding="utf-8")
        (folder / "world.xml").write_text(
            '<mujoco model="world"><worldbody><body><freejoint/><include file="ball.xml"/></body></worldbody></mujoco>',
            encoding="utf-8",
        )
    one, other, larger = (core.model_hash(str(tmp_path / name / "world.xml")) for name in ("one", "other", "larger"))
    assert one == other
    assert one != larger


def test_a_model_lies_in_a_package(task_file: Path) -> None:
    """From where the package is, which is not imported; a file of that name comes first."""
    task_file.write_text(FILE.replace("models/arm.xml", "gymnasium:envs/mujoco/assets/reacher.xml"), encoding="utf-8")
    with pytest.raises(bf.TaskError, match="named 'hand'; there is none"):  # it was found
        bf.MujocoTask.load(task_file)
    (task_file.parent / "gymnasium:envs").mkdir()
    arm(task_file.parent / "gymnasium:envs")
    task_file.write_text(FILE.replace("models/arm.xml", "gymnasium:envs/arm.xml"), encoding="utf-8")
    assert bf.MujocoTask.load(task_file).model == str(task_file.parent / "gymnasium:envs" / "arm.xml")


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "episode_steps": np.int64(7),
        "frame_skip": np.int32(2),
        "observation": [{"term": "joint_positions", "skip": np.int16(1), "clip": np.array([-1.0, 1.0])}],
        "reward": [{"term": "joint_velocities", "joints": np.array(["elbow"]), "weight": np.float32(0.5)}],
    }
    plain = {
        "episode_steps": 7,
        "frame_skip": 2,
        "observation": [{"term": "joint_positions", "skip": 1, "clip": [-1.0, 1.0]}],
        "reward": [{"term": "joint_velocities", "joints": ["elbow"], "weight": 0.5}],
    }
    own = bf.MujocoTask(**arm(tmp_path, **changes))
    assert own == bf.MujocoTask(**arm(tmp_path, **plain))
    spec = bf.NativeEnv(own).spec
    assert spec is not None
    assert spec.max_episode_steps == 7
