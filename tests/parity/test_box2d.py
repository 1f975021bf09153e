"""The native Box2D tasks against Gymnasium's own: the same seeds and actions, every bit compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from bierl_fast._native import core
from bierl_fast.native_env import NativeEnv

pytest.importorskip("Box2D")

TASKS = [row["id"] for row in core.task_table() if row["engine"] == "box2d"]
WIND = {"enable_wind": True, "wind_power": 19.0, "turbulence_power": 1.9}
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("LunarLander-v3", WIND),
    ("LunarLander-v3", {"enable_wind": True, "gravity": -3, "wind_power": 25}),  # more than is recommended
    ("LunarLander-v3", {"continuous": True, "gravity": -11.9}),
    ("LunarLanderContinuous-v3", {**WIND, "gravity": -1.62}),
    ("LunarLanderContinuous-v3", {"continuous": False, "enable_wind": True}),
    ("BipedalWalker-v3", {"hardcore": True}),
    ("BipedalWalkerHardcore-v3", {"hardcore": False}),
]
Controller = Callable[[gymnasium.Env[Any, Any], NDArray[Any]], Any]


def official(task: str, **options: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make(task, disable_env_checker=True, **options)


def same_observation(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return ours.dtype == theirs.dtype == np.float32 and ours.tobytes() == theirs.tobytes()


def side_by_side(native: NativeEnv, wanted: gymnasium.Env[Any, Any], seed: int | None, act: Controller) -> list[float]:
    """One episode, of 1,000 steps at most, on both sides; its rewards."""
    ours, info = native.reset(seed=seed)
    theirs, their_info = wanted.reset(seed=seed)
    assert same_observation(ours, theirs)
    assert info == their_info == {}
    rewards = []
    for step in range(1000):
        action = act(wanted, theirs)
        ours, reward, terminated, truncated, info = native.step(action)
        theirs, their_reward, their_terminated, their_truncated, their_info = wanted.step(action)
        assert same_observation(ours, theirs), f"step {step}"
        assert (reward, terminated, truncated) == (float(their_reward), their_terminated, their_truncated)
        assert info == their_info == {}
        rewards.append(reward)
        if terminated or truncated:
            break
    return rewards


def random_actions(seed: int, reach: float = 1.0) -> Controller:
    generator = np.random.default_rng(seed)

    def act(env: gymnasium.Env[Any, Any], _: NDArray[Any]) -> Any:
        space = env.action_space
        if isinstance(space, gymnasium.spaces.Discrete):
            return generator.integers(space.n)
        return generator.uniform(-reach, reach, space.shape).astype(np.float32)

    return act


def landing(env: gymnasium.Env[Any, Any], seen: NDArray[Any]) -> Any:
    from gymnasium.envs.box2d.lunar_lander import heuristic

    decide: Any = heuristic
    answer = decide(env, seen)
    return int(answer) if np.ndim(answer) == 0 else np.float32(answer)


def walking() -> Controller:
    from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

    walker: Any = BipedalWalkerHeuristics()
    return lambda env, seen: np.float32(walker.step_heuristic(seen))


def one_by_one(task: str, seeds: range, act: Callable[[int], Controller], **options: Any) -> list[list[float]]:
    """For each seed an episode in a new environment of Gymnasium's, whose world a BipedalWalker would keep."""
    native = NativeEnv(task, **options)
    return [side_by_side(native, official(task, **options), seed, act(seed)) for seed in seeds]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_twenty_seeds_of_random_actions(task: str) -> None:
    episodes = one_by_one(task, range(20), random_actions)
    assert sum(map(len, episodes)) > 1000


@pytest.mark.parametrize("task", TASKS)
def test_a_few_seeds_of_random_actions(task: str) -> None:
    one_by_one(task, range(100, 103), random_actions)


@pytest.mark.filterwarnings("ignore:.*wind_power value is recommended:UserWarning")
@pytest.mark.parametrize(("task", "options"), OPTIONS)
def test_options(task: str, options: dict[str, Any]) -> None:
    one_by_one(task, range(50, 54), random_actions, **options)


@pytest.mark.parametrize("task", ["LunarLanderContinuous-v3", "BipedalWalker-v3"])
def test_actions_outside_the_box(task: str) -> None:
    one_by_one(task, range(3), lambda seed: random_actions(seed, reach=3.0))


@pytest.mark.parametrize("task", ["LunarLander-v3", "LunarLanderContinuous-v3"])
def test_a_lander_lands_and_falls_asleep(task: str) -> None:
    """The legs touch, rest and lose the ground again; at the end the engine puts the lander to sleep."""
    episodes = one_by_one(task, range(5), lambda seed: landing)
    assert sum(episode[-1] == 100 for episode in episodes) >= 2


@pytest.mark.parametrize("task", ["BipedalWalker-v3", "BipedalWalkerHardcore-v3"])
def test_a_walker_walks(task: str) -> None:
    episodes = one_by_one(task, range(7, 10), lambda seed: walking())
    assert max(map(len, episodes)) > 200


def test_a_generator_that_goes_on_over_resets() -> None:
    """Wind draws by halves of 64-bit numbers: one kept at the end of an episode is used in the next, as by NumPy."""
    options: dict[str, Any] = {"enable_wind": True, "continuous": True}
    native, wanted = NativeEnv("LunarLander-v3", **options), official("LunarLander-v3", **options)
    act = random_actions(1)
    for seed in (11, None, None, 12, None):
        side_by_side(native, wanted, seed, act)


def test_steps_past_the_end_are_as_gymnasiums() -> None:
    native, wanted = NativeEnv("LunarLander-v3"), official("LunarLander-v3")
    rewards = side_by_side(native, wanted, 3, lambda env, seen: 0)
    assert rewards[-1] == -100
    for _ in range(50):
        ours, theirs = native.step(2), wanted.step(2)
        assert same_observation(ours[0], theirs[0])
        assert ours[1:4] == (float(theirs[1]), *theirs[2:4])


def test_options_cover_every_keyword() -> None:
    for name in ("LunarLander", "BipedalWalker"):
        tried = {option for task, options in OPTIONS if task.startswith(name) for option in options}
        rows = [row for row in core.task_table() if row["id"].startswith(name)]
        assert [set(row["keywords"]) - {"wrappers"} for row in rows] == [tried, tried]


@pytest.mark.parametrize("task", TASKS)
def test_spaces_spec_and_metadata(task: str) -> None:
    native, wanted = NativeEnv(task), official(task)
    assert native.observation_space == wanted.observation_space
    assert native.observation_space.dtype == wanted.observation_space.dtype == np.float32
    assert native.action_space == wanted.action_space
    assert native.metadata["render_fps"] == wanted.metadata["render_fps"]
    assert native.spec is not None
    assert wanted.spec is not None
    assert native.spec.max_episode_steps == wanted.spec.max_episode_steps
    assert native.spec.reward_threshold == wanted.spec.reward_threshold


@pytest.mark.filterwarnings("ignore:.*render.*:UserWarning")
@pytest.mark.parametrize("task", TASKS)
def test_gymnasiums_own_check(task: str) -> None:
    check_env(NativeEnv(task), skip_render_check=True)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("LunarLander-v3", {"gravity": 0.0}, "gravity must be above -12 and below 0, got 0"),
        ("LunarLander-v3", {"gravity": -12}, "gravity must be above -12 and below 0, got -12"),
        ("LunarLanderContinuous-v3", {"wind_power": "strong"}, "wind_power must be a finite number, got 'strong'"),
        ("LunarLanderContinuous-v3", {"turbulence_power": float("inf")}, "turbulence_power must be a finite number"),
        (
            "LunarLander-v3",
            {"enable_winds": True},
            "no option of LunarLander-v3 named 'enable_winds'; did you mean 'enable_wind'",
        ),
        ("LunarLander-v3", {"hardcore": True}, "named 'hardcore'; known: continuous"),
        ("BipedalWalker-v3", {"hardcore": 1}, "hardcore must be True or False, got 1"),
        ("BipedalWalker-v3", {"max_episode_steps": 0}, r"steps must be an integer in \[1, 2147483647\], got 0"),
        ("BipedalWalker-v2", {}, "no native task named 'BipedalWalker-v2'.*did you mean 'BipedalWalker-v3'"),
    ],
)
def test_refused(task: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NativeEnv(task, **options)


@pytest.mark.parametrize("action", [4, -1, 1.0, np.array([1, 0]), None])
def test_no_choice(action: Any) -> None:
    env = NativeEnv("LunarLander-v3")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="action must be an integer from 0 to 3, got "):
        env.step(action)


def test_an_action_that_is_no_number_diverges_and_a_reset_repairs() -> None:
    env = NativeEnv("BipedalWalker-v3")
    first, _ = env.reset(seed=5)
    env.step(np.array([0.0, np.nan, 0.0, 0.0], np.float32))
    assert env.diverged
    again, _ = env.reset(seed=5)
    assert same_observation(again, first)
    assert not env.diverged
