"""Wrappers of native tasks against Gymnasium's own, step by step, every bit compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces, wrappers
from helpers.own_tasks import arm
from parity.side_by_side import official

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast.evaluation.environment.maker import find
from bierl_fast.native_env import NativeEnv

# Of Gymnasium's RescaleAction, whose bounds are doubles.
pytestmark = pytest.mark.filterwarnings("ignore:.*precision lowered")

Env = gymnasium.Env[Any, Any]
Around = Callable[[Env], Env]


class Noisy(wrappers.TransformObservation[Any, Any, Any]):
    """Noise from the environment's own generator, at each step."""

    def __init__(self, env: Env, scale: float) -> None:
        super().__init__(env, lambda seen: (seen + self.draw(seen.shape)).astype(seen.dtype), None)
        self.scale = scale

    def draw(self, shape: Any) -> Any:
        return self.scale * self.np_random.standard_normal(shape)


class Biased(Noisy):
    """The same noise as long as an episode lasts."""

    bias: Any

    def reset(self, **given: Any) -> Any:
        self.bias = None
        return super().reset(**given)

    def draw(self, shape: Any) -> Any:
        if self.bias is None:
            self.bias = super().draw(shape)
        return self.bias


def stacked(env: Env, size: int, padding: str = "reset") -> Env:
    return wrappers.FlattenObservation(wrappers.FrameStackObservation(env, size, padding_type=padding))


def cut(env: Env, low: Any, high: Any) -> Env:
    return wrappers.TransformObservation(env, lambda seen: np.clip(seen, low, high), None)


def scaled(env: Env, scale: float) -> Env:
    return wrappers.TransformReward(env, lambda reward: float(reward) * scale)


# What is told to the native task, what Gymnasium does, and tasks.
CASES: list[tuple[list[dict[str, Any]], Around, list[str]]] = [
    ([{"wrapper": "ClipAction"}], wrappers.ClipAction, ["HalfCheetah-v5", "LunarLanderContinuous-v3"]),
    (
        [{"wrapper": "RescaleAction", "min_action": -0.7, "max_action": 0.3}],
        lambda env: wrappers.RescaleAction(env, np.float64(-0.7), np.float64(0.3)),
        ["Hopper-v5", "InvertedPendulum-v5", "Humanoid-v5", "BipedalWalker-v3"],
    ),
    (
        [{"wrapper": "RescaleAction", "min_action": [-1, -0.1, 0], "max_action": [2, 0.3, 5]}],
        lambda env: wrappers.RescaleAction(env, np.array([-1, -0.1, 0]), np.array([2, 0.3, 5])),
        ["Hopper-v5"],
    ),
    (
        [{"wrapper": "StickyAction", "repeat_action_probability": 0.3}],
        lambda env: wrappers.StickyAction(env, 0.3),
        ["Walker2d-v5", "LunarLander-v3", "BipedalWalker-v3"],
    ),
    (
        [{"wrapper": "StickyAction", "repeat_action_probability": 0.4, "repeat_action_duration": 3}],
        lambda env: wrappers.StickyAction(env, 0.4, 3),
        ["Swimmer-v5"],
    ),
    (
        [{"wrapper": "StickyAction", "repeat_action_probability": 0.2, "repeat_action_duration": [2, 5]}],
        lambda env: wrappers.StickyAction(env, 0.2, (2, 5)),
        ["Hopper-v5", "LunarLander-v3"],
    ),
    (
        [{"wrapper": "RepeatAction", "num_repeats": 3}],
        lambda env: wrappers.RepeatAction(env, 3),
        ["Reacher-v5", "Hopper-v5", "LunarLander-v3"],  # 50 is no multiple of 3
    ),
    ([{"wrapper": "FrameStackObservation", "stack_size": 4}], lambda env: stacked(env, 4), ["Ant-v5", "Hopper-v5"]),
    (
        [{"wrapper": "FrameStackObservation", "stack_size": 2, "padding_type": "zero"}],
        lambda env: stacked(env, 2, "zero"),
        ["Hopper-v5", "BipedalWalker-v3"],
    ),
    (
        [{"wrapper": "ClipObservation", "min_obs": -0.3, "max_obs": 0.7}],
        lambda env: cut(env, -0.3, 0.7),
        ["HalfCheetah-v5", "BipedalWalker-v3"],
    ),
    ([{"wrapper": "NoisyObservation", "scale": 0.05}], lambda env: Noisy(env, 0.05), ["Hopper-v5", "LunarLander-v3"]),
    (
        [{"wrapper": "NoisyObservation", "scale": 0.2, "sticky": True}],
        lambda env: Biased(env, 0.2),
        ["Hopper-v5", "BipedalWalker-v3"],
    ),
    (
        # Gymnasium's BipedalWalker has rewards of single precision, and so the bounds: these are the same in both.
        [{"wrapper": "ClipReward", "min_reward": -0.125, "max_reward": 0.25}],
        lambda env: wrappers.ClipReward(env, -0.125, 0.25),
        ["HalfCheetah-v5", "BipedalWalker-v3"],
    ),
    (
        [{"wrapper": "ClipReward", "max_reward": 0.5}],
        lambda env: wrappers.ClipReward(env, max_reward=0.5),
        ["Hopper-v5"],
    ),
    ([{"wrapper": "ScaleReward", "scale": -0.1}], lambda env: scaled(env, -0.1), ["Swimmer-v5", "LunarLander-v3"]),
    (
        [
            {"wrapper": "ClipAction"},
            {"wrapper": "RepeatAction", "num_repeats": 2},
            {"wrapper": "NoisyObservation", "scale": 0.1},
            {"wrapper": "StickyAction", "repeat_action_probability": 0.25},
            {"wrapper": "RepeatAction", "num_repeats": 3},
            {"wrapper": "ScaleReward", "scale": 0.5},
            {"wrapper": "ClipReward", "min_reward": -1, "max_reward": 2},
            {"wrapper": "FrameStackObservation", "stack_size": 2},
            {"wrapper": "ClipObservation", "min_obs": -1, "max_obs": 1.5},
            {"wrapper": "FrameStackObservation", "stack_size": 3},
        ],
        lambda env: stacked(
            cut(
                stacked(
                    wrappers.ClipReward(
                        scaled(
                            wrappers.RepeatAction(
                                wrappers.StickyAction(
                                    Noisy(wrappers.RepeatAction(wrappers.ClipAction(env), 2), 0.1), 0.25
                                ),
                                3,
                            ),
                            0.5,
                        ),
                        -1,
                        2,
                    ),
                    2,
                ),
                -1,
                1.5,
            ),
            3,
        ),
        ["Hopper-v5", "Reacher-v5", "LunarLanderContinuous-v3", "BipedalWalker-v3"],
    ),
]
PAIRS = [(task, tables, around) for tables, around, tasks in CASES for task in tasks]
NAMES = [f"{task}-{'-'.join(table['wrapper'] for table in tables)[:60]}" for task, tables, _ in PAIRS]


def needs_box2d(task: str) -> None:
    if task.startswith(("Lunar", "Bipedal")):
        pytest.importorskip("Box2D")


def played(make: Callable[[], Env], seeds: range, steps: int, one_episode: bool = False) -> list[Any]:
    """What a new environment for each seed answers to the same actions, over several episodes or one."""
    answers: list[Any] = []
    for seed in seeds:
        env = make()
        generator = np.random.default_rng(seed)
        seen, _ = env.reset(seed=seed)
        answers.append((seen.dtype, seen.tobytes()))
        action: Any
        for step in range(steps):
            space = env.action_space
            if isinstance(space, spaces.Discrete):
                action = generator.integers(space.n)
            else:
                action = generator.uniform(-1.3, 1.3, space.shape).astype(np.float32)
            seen, reward, terminated, truncated, _ = env.step(action)
            answers.append((seen.tobytes(), float(reward), terminated, truncated))
            if terminated or truncated:
                if one_episode:
                    break
                seen, _ = env.reset(seed=None if step % 2 else 100 + step)
                answers.append(seen.tobytes())
    return answers


def is_fresh(task: str) -> bool:
    """Whether Gymnasium's own has a new world in its first episode alone, which a native one always has."""
    return task.startswith("Bipedal")


@pytest.mark.parametrize(("task", "tables", "around"), PAIRS, ids=NAMES)
def test_same_bits_as_gymnasiums(task: str, tables: list[dict[str, Any]], around: Around) -> None:
    needs_box2d(task)
    assert NativeEnv(task, wrappers=tables).action_space == around(official(task)).action_space
    ours = played(lambda: NativeEnv(task, wrappers=tables), range(3), 120, is_fresh(task))
    assert ours == played(lambda: around(official(task)), range(3), 120, is_fresh(task))


@pytest.mark.parametrize(("task", "tables", "around"), PAIRS, ids=NAMES)
def test_worker_processes_have_the_same(task: str, tables: list[dict[str, Any]], around: Around) -> None:
    needs_box2d(task)
    ours = played(lambda: NativeEnv(task, wrappers=tables), range(2), 60, is_fresh(task))
    assert ours == played(find(task, {"wrappers": tables}), range(2), 60, is_fresh(task))


def test_every_wrapper_is_compared() -> None:
    assert {table["wrapper"] for tables, *_ in CASES for table in tables} == {row["name"] for row in core.wrappers()}


@pytest.mark.parametrize("limit", [1, 2, 7, 12])
def test_a_time_limit_counts_the_steps_within(limit: int) -> None:
    repeated = [{"wrapper": "RepeatAction", "num_repeats": 5}]

    def ours() -> NativeEnv:
        return NativeEnv("Swimmer-v5", max_episode_steps=limit, wrappers=repeated)

    def theirs() -> Env:
        return wrappers.RepeatAction(official("Swimmer-v5", max_episode_steps=limit), 5)

    assert played(ours, range(2), 4) == played(theirs, range(2), 4)
    assert ours().spec.max_episode_steps == -(-limit // 5)  # type: ignore[union-attr]


@pytest.mark.parametrize(("repeats", "fps"), [(1, 25), (4, 6), (100, 1)])
def test_a_film_is_as_fast_as_the_task(repeats: int, fps: int) -> None:
    repeated = [{"wrapper": "RepeatAction", "num_repeats": repeats}]
    for env in (NativeEnv("Swimmer-v5", wrappers=repeated), find("Swimmer-v5", {"wrappers": repeated})()):
        assert env.metadata["render_fps"] == fps


def test_a_task_of_ones_own_has_wrappers(tmp_path: Any) -> None:
    tables = [
        {"wrapper": "StickyAction", "repeat_action_probability": 0.3},
        {"wrapper": "RepeatAction", "num_repeats": 4},
        {"wrapper": "FrameStackObservation", "stack_size": 3},
    ]
    plain = bf.MujocoTask(**arm(tmp_path))
    wrapped = bf.MujocoTask(**arm(tmp_path, wrappers=tables))

    def wanted() -> Env:
        return stacked(wrappers.RepeatAction(wrappers.StickyAction(Seeded(bf.NativeEnv(plain)), 0.3), 4), 3)

    ours = played(lambda: bf.NativeEnv(wrapped), range(3), 30, one_episode=True)
    assert ours == played(wanted, range(3), 30, one_episode=True)
    assert bf.NativeEnv(wrapped).spec.max_episode_steps == 13  # type: ignore[union-attr]


class Seeded(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A native environment whose `np_random` stands where its own generator does after a reset."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        answer = super().reset(seed=seed, options=options)
        if seed is not None:
            self.generator = np.random.default_rng(seed)
        self.generator.uniform(-1, 1, 2)  # what the arm draws
        return answer

    @property  # type: ignore[misc]
    def np_random(self) -> np.random.Generator:
        return self.generator


WRONG: list[tuple[str, Any, str]] = [
    ("Hopper-v5", [{"wrapper": "ClipActions"}], r"Hopper-v5, wrapper 1 \(ClipActions\).*mean 'ClipAction'\?"),
    ("Hopper-v5", [{"wrapper": "ClipAction"}, {}], "Hopper-v5, wrapper 2: wrapper is missing"),
    ("Hopper-v5", [{"wrapper": "RepeatAction"}], "num_repeats is missing"),
    (
        "Hopper-v5",
        [{"wrapper": "RepeatAction", "num_repeats": 0}],
        "num_repeats must be an integer of at least 1, got 0",
    ),
    ("Hopper-v5", [{"wrapper": "RepeatAction", "repeats": 2}], "num_repeats is missing|mean 'num_repeats'"),
    ("Hopper-v5", [{"wrapper": "ScaleReward", "scale": float("nan")}], "scale must be a finite number"),
    ("Hopper-v5", [{"wrapper": "ClipReward"}], "give min_reward, max_reward, or both"),
    ("Hopper-v5", [{"wrapper": "ClipReward", "min_reward": 2, "max_reward": 1}], "must not be above"),
    ("Hopper-v5", [{"wrapper": "StickyAction", "repeat_action_probability": 1}], "at least 0 and below 1"),
    (
        "Hopper-v5",
        [{"wrapper": "StickyAction", "repeat_action_probability": 0.5, "repeat_action_duration": [3, 2]}],
        "integer of at least 1, or two",
    ),
    (
        "Hopper-v5",
        [{"wrapper": "StickyAction", "repeat_action_probability": 0.5, "repeat_action_duration": 1.5}],
        "integer of at least 1, or two",
    ),
    ("Hopper-v5", [{"wrapper": "RescaleAction", "min_action": [0, 0], "max_action": 1}], "min_action has 2 elements"),
    ("Hopper-v5", [{"wrapper": "RescaleAction", "min_action": 1, "max_action": 1}], "min_action must be below"),
    (
        "Hopper-v5",
        [{"wrapper": "ClipAction"}, {"wrapper": "RescaleAction", "min_action": -1, "max_action": 1}],
        "control 1 of the task has no bounds",
    ),
    ("Hopper-v5", [{"wrapper": "FrameStackObservation", "stack_size": 2, "padding_type": "one"}], "reset, zero"),
    ("Hopper-v5", [{"wrapper": "FrameStackObservation", "stack_size": 2**30}], "are more than"),
    (
        "Hopper-v5",
        [{"wrapper": "ClipObservation", "min_obs": 0, "max_obs": [1, 2]}],
        "max_obs has 2 elements, expected",
    ),
    ("Hopper-v5", [{"wrapper": "NoisyObservation", "scale": -1}], "scale must be at least 0"),
    ("Hopper-v5", {"wrapper": "ClipAction"}, "wrappers must be a list of tables"),
    ("Hopper-v5", "ClipAction", "wrappers must be a list of tables"),
]


@pytest.mark.parametrize(("task", "tables", "told"), WRONG)
def test_wrong_wrappers_are_told(task: str, tables: Any, told: str) -> None:
    with pytest.raises(bf.ArgumentError, match=told) as caught:
        NativeEnv(task, wrappers=tables)
    assert "\n" not in str(caught.value)
    with pytest.raises(bf.ArgumentError, match=told):
        bf.make_evaluator(task, task_kwargs={"wrappers": tables}, threads=1)


@pytest.mark.parametrize("name", ["ClipAction", "RescaleAction"])
def test_discrete_actions_have_no_box(name: str) -> None:
    pytest.importorskip("Box2D")
    bounds = {"min_action": 0, "max_action": 1} if name == "RescaleAction" else {}
    with pytest.raises(bf.ArgumentError, match="it needs a box of actions, and these are discrete"):
        NativeEnv("LunarLander-v3", wrappers=[{"wrapper": name, **bounds}])


def test_the_option_is_offered() -> None:
    with pytest.raises(bf.ArgumentError, match="did you mean 'wrappers'"):
        NativeEnv("HalfCheetah-v5", wrapers=[])
