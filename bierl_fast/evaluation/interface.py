"""What an environment looks like from outside: its spaces, its time limit, and whether reset restores everything.

gymnasium.Env -> read_interface -> Interface       made in a worker, read by the parent
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast.evaluation.environments import TaskError

if TYPE_CHECKING:
    import gymnasium

PROBE_STEPS = 100
# Whether reset(seed) on a used environment of this module differs from a new one. Box2D worlds that survive a reset
# keep the order of their contacts: 7 of 12 episodes of BipedalWalker-v3 differed. Others are probed.
KEEPS_STATE = {
    "gymnasium.envs.box2d.bipedal_walker": True,
    "gymnasium.envs.box2d.car_racing": True,
    "gymnasium.envs.box2d.lunar_lander": False,
    "gymnasium.envs.classic_control": False,
    "gymnasium.envs.mujoco": False,
    "gymnasium.envs.toy_text": False,
    "bierl_fast.native_env": False,
}


@dataclass(frozen=True, slots=True)
class Interface:
    """What the policy has to fit, and how long an episode may last."""

    observation_shape: tuple[int, ...]
    action_shape: tuple[int, ...]  # () where discrete
    action_dtype: str
    low: tuple[float, ...]  # (A,) in single precision
    high: tuple[float, ...]
    first_action: int | None  # of a discrete space
    time_limit: int | None  # env steps

    @property
    def observation_size(self) -> int:
        """O."""
        return int(np.prod(self.observation_shape, dtype=np.int64))


def read_interface(env: gymnasium.Env[Any, Any], flatten: bool) -> Interface:
    """The interface of an environment.

    Args:
        env: any.
        flatten: whether observations with more than one dimension may be flattened.

    Raises:
        TaskError: a space that no policy here can serve.
    """
    from gymnasium import spaces  # noqa: PLC0415

    observation, action = env.observation_space, env.action_space
    if not isinstance(observation, spaces.Box):
        raise TaskError(
            f"the observation space is {type(observation).__name__}, expected Box; wrap the environment in "
            "gymnasium.wrappers.FlattenObservation, in a function that makes it, and give that function as the task"
        )
    if len(observation.shape) != 1 and not flatten:
        raise TaskError(
            f"the observation space is a Box of shape {observation.shape}, expected one dimension; set "
            f"flatten_observation to take its {int(np.prod(observation.shape))} numbers as they are, or wrap the "
            "environment in a function that makes it, and give that function as the task"
        )
    if not observation.shape or 0 in observation.shape:
        raise TaskError(f"the observation space is a Box of shape {observation.shape}, which holds nothing to see")
    return Interface(observation.shape, *_actions(action), time_limit=_time_limit(env))


def _actions(
    space: gymnasium.Space[Any],
) -> tuple[tuple[int, ...], str, tuple[float, ...], tuple[float, ...], int | None]:
    from gymnasium import spaces  # noqa: PLC0415

    if isinstance(space, spaces.Discrete):
        infinite = (float("inf"),) * int(space.n)
        return (), "int64", tuple(-x for x in infinite), infinite, int(space.start)
    if not isinstance(space, spaces.Box) or space.dtype.kind != "f" or space.shape == () or 0 in space.shape:
        kind = f"{type(space).__name__}({space.dtype}, shape {space.shape})"
        raise TaskError(
            f"the action space is {kind}, expected Discrete or a Box of floating point numbers; translate it in a "
            "gymnasium.ActionWrapper, in a function that makes it, and give that function as the task"
        )
    low, high = np.float32(space.low).reshape(-1), np.float32(space.high).reshape(-1)
    # Rounded to single precision a bound may lie outside the box, where the environment refuses it.
    low = np.where(low < space.low.reshape(-1), np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > space.high.reshape(-1), np.nextafter(high, np.float32(-np.inf)), high)
    return space.shape, str(space.dtype), tuple(low.tolist()), tuple(high.tolist()), None


def _time_limit(env: gymnasium.Env[Any, Any]) -> int | None:
    from gymnasium import Wrapper  # noqa: PLC0415
    from gymnasium.wrappers import TimeLimit  # noqa: PLC0415

    layer: gymnasium.Env[Any, Any] = env
    while isinstance(layer, Wrapper):
        if isinstance(layer, TimeLimit):
            return int(layer._max_episode_steps)
        layer = layer.env
    return layer.spec.max_episode_steps if layer.spec is not None else None


def seed_globals(seed: int) -> None:
    """Seed Python's and NumPy's global generators, for environments that draw from them instead of their own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global one is meant


def reset_restores_everything(make: Callable[[], gymnasium.Env[Any, Any]]) -> bool:
    """Whether an episode on a used environment equals the same one on a new environment.

    Known for Gymnasium's own (KEEPS_STATE); others play up to 100 random steps three times.
    """
    used = make()
    try:
        inner = type(used.unwrapped).__module__
        known = [keeps for name, keeps in KEEPS_STATE.items() if inner.startswith(name)]
        if known and (known[0] or _is_plain(used)):
            return not known[0]
        _play(used, 1)
        return _play(used, 2) == _played_by_new(make, 2)
    finally:
        used.close()


def _is_plain(env: gymnasium.Env[Any, Any]) -> bool:
    """Whether nothing is wrapped around an environment but what gymnasium.make does; a wrapper may keep state."""
    from gymnasium import Wrapper, wrappers  # noqa: PLC0415

    while isinstance(env, Wrapper):
        if not isinstance(env, wrappers.TimeLimit | wrappers.OrderEnforcing):
            return False
        env = env.env
    return True


def repeats(make: Callable[[], gymnasium.Env[Any, Any]]) -> bool:
    """Whether two new environments play the same episode from the same seed."""
    return _played_by_new(make, 2) == _played_by_new(make, 2)


def _played_by_new(make: Callable[[], gymnasium.Env[Any, Any]], seed: int) -> list[bytes]:
    env = make()
    try:
        return _play(env, seed)
    finally:
        env.close()


def _play(env: gymnasium.Env[Any, Any], seed: int) -> list[bytes]:
    """What an episode of random actions answers, step by step."""
    seed_globals(seed)
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed)
    answers = [np.asarray(observation).tobytes()]
    for _ in range(PROBE_STEPS):
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        answers.append(np.asarray(observation).tobytes() + repr((reward, terminated, truncated)).encode())
        if terminated or truncated:
            break
    return answers
