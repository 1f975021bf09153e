"""bierl/DeceptivePoint-v0: Gymnasium makes and accepts it, the walls hold, the trap is one, and there is a way out."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from helpers.subprocesses import run

from bierl_fast._native import core
from bierl_fast._registration import OWN
from bierl_fast.messages import F64
from bierl_fast.native_env import NativeEnv

TASK = "bierl/DeceptivePoint-v0"


def follow(waypoints: list[tuple[float, float]]) -> tuple[float, bool, F64]:
    """Return, whether the goal was reached, and every position of an episode steered from one waypoint to the next."""
    env = NativeEnv(TASK)
    observation, _ = env.reset(seed=3)
    total, places, ahead = 0.0, [observation[:2]], list(waypoints)
    high = 0.4
    while True:
        away = np.array(ahead[0]) - observation[:2]
        if len(ahead) > 1 and np.linalg.norm(away) < 0.05:
            ahead.pop(0)
        steering = 10 * away - 2 * observation[2:]
        observation, reward, terminated, truncated, _ = env.step(np.clip(steering, -high, high).astype(np.float32))
        total += reward
        places.append(observation[:2])
        if terminated or truncated:
            return total, terminated, np.array(places)


def test_straight_ahead_is_the_trap() -> None:
    total, reached, _ = follow([(1.2, 0.0)])
    assert not reached
    assert total < -80


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_there_is_a_way_out(side: float) -> None:
    """Back out of the U, aside, forward past it."""
    total, reached, _ = follow([(-0.53, 0.0), (-0.53, side * 0.63), (0.6, side * 0.63), (1.2, 0.0)])
    assert reached
    assert total > -40


@pytest.mark.parametrize("angle", np.linspace(0, 2 * np.pi, 16, endpoint=False))
def test_the_walls_hold(angle: float) -> None:
    _, _, places = follow([(9 * np.cos(angle), 9 * np.sin(angle))])
    # The point's radius is 0.1. At full speed it covers 0.05 in a time step of the simulation, and is so far inside a
    # wall before that pushes back.
    assert np.abs(places[:, 1]).max() < 0.75 - 0.1 + 0.03
    assert places[:, 0].min() > -0.65 + 0.1 - 0.02
    inside = (np.abs(places[:, 1]) < 0.3) & (places[:, 0] > -0.4)
    assert places[inside, 0].max(initial=-1.0) < 0.02


@pytest.mark.parametrize("imported", ["import bierl_fast, gymnasium", "import gymnasium, bierl_fast"])
def test_gymnasium_makes_it_whatever_is_imported_first(imported: str) -> None:
    done = run(f"{imported}; print(type(gymnasium.make({TASK!r}).unwrapped).__name__)")
    assert done.stdout.strip() == "NativeEnv", done.stderr


def test_gymnasium_accepts_it() -> None:
    with pytest.warns(UserWarning, match="observation space m(in|ax)imum value is"):
        check_env(NativeEnv(TASK), skip_render_check=True)


def test_registered_as_in_the_task_table() -> None:
    row = next(row for row in core.task_table() if row["id"] == TASK)
    assert OWN[TASK] == {name: row[name] for name in ("max_episode_steps", "reward_threshold")}
    assert gymnasium.spec(TASK).max_episode_steps == row["max_episode_steps"]
    assert gymnasium.make(TASK).reset(seed=5)[0].tolist() == NativeEnv(TASK).reset(seed=5)[0].tolist()
