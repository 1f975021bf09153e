"""The self-check of Box2D's native tasks: episodes beside Gymnasium's own, in this process, to the last bit.

    python -c "from bierl_fast._box2d_check import main; main(library)" -> exit code 0, or a sentence and 1

A process of its own runs it (`_box2d`): where a layout is not what it was taken for, the process may end on the way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics
from gymnasium.envs.box2d.lunar_lander import heuristic

from bierl_fast._native import core

Controller = Callable[[Any, Any], Any]


def _walk() -> Controller:
    walker: Any = BipedalWalkerHeuristics()
    return lambda env, seen: np.float32(walker.step_heuristic(seen))


def _land(env: Any, seen: Any) -> Any:
    decide: Any = heuristic
    answer = decide(env, seen)
    return np.float32(answer) if env.unwrapped.continuous else int(answer)


# Between them every function of the engine that is called, every kind of ground, contacts that begin and end, wind, and
# a body that falls asleep. Gymnasium's own controllers land and walk; a seed's course is the same everywhere.
EPISODES: tuple[tuple[str, dict[str, Any], int, int, Callable[[], Controller]], ...] = (
    ("LunarLanderContinuous-v3", {"enable_wind": True}, 3, 300, lambda: _land),
    ("LunarLander-v3", {}, 1, 1000, lambda: _land),
    ("BipedalWalker-v3", {}, 2, 400, _walk),
    ("BipedalWalkerHardcore-v3", {}, 4, 400, _walk),
)


def difference(library: str, task: str, options: dict[str, Any], seed: int, steps: int, act: Controller) -> str | None:
    """Where the native task first answers other than Gymnasium's; None: nowhere.

    Args:
        library: Box2D's compiled module.
        task: a Gymnasium id.
        options: its keyword arguments.
        seed: of the reset.
        steps: the most to take; an episode that ends before is not begun again.
        act: (environment, observation) -> action.
    """
    ours = core.EnvCore(task, library, options)
    theirs = gymnasium.make(task, disable_env_checker=True, **options)
    seen = np.empty(ours.observation_size)
    wanted, _ = theirs.reset(seed=seed)
    ours.reset(seed, seen)
    if np.float32(seen).tobytes() != wanted.tobytes():
        return f"{task}, seed {seed}: the first observation is another"
    for step in range(1, steps + 1):
        action = act(theirs, wanted)
        wanted, reward, terminated, truncated, _ = theirs.step(action)
        chosen = np.eye(4, dtype=np.float32)[action] if ours.discrete_actions else action
        answer = ours.step(chosen, seen)
        if np.float32(seen).tobytes() != wanted.tobytes() or answer != (float(reward), terminated, truncated):
            return f"{task}, seed {seed}: step {step} answers otherwise"
        if terminated or truncated:
            break
    theirs.close()
    return None


def main(library: str) -> None:
    """Play the episodes; ends the process."""
    for task, options, seed, steps, controller in EPISODES:
        found = difference(library, task, options, seed, steps, controller())
        if found is not None:
            print(found)
            sys.exit(1)
    sys.exit(0)
