"""What an environment looks like from outside: its spaces and its time limit.

gymnasium.Env -> read_interface -> Interface       made in a worker, read by the parent
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast.errors import TaskError

if TYPE_CHECKING:
    import gymnasium


SEED_BITS = 63  # of the seed that an episode's address gives
SHORT_SEED_BITS = 31  # what environments hand on to NumPy's RandomState or C's srand may not have more


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
    flattened: bool  # whether observations are made one vector, of an array or of what was none

    @property
    def observation_size(self) -> int:
        """O."""
        return int(np.prod(self.observation_shape, dtype=np.int64))


def read_interface(env: gymnasium.Env[Any, Any], flatten: bool) -> Interface:
    """The interface of an environment.

    Args:
        env: any.
        flatten: whether observations with more than one dimension may be flattened, and what is none was (EnvMaker).

    Raises:
        TaskError: a space that no policy here can serve.
    """
    from gymnasium import spaces, wrappers  # noqa: PLC0415 - gymnasium takes 0.1 s

    observation, action = env.observation_space, env.action_space
    if not isinstance(observation, spaces.Box):
        remedy = (
            "set flatten_observation to take what gymnasium.wrappers.FlattenObservation makes of it"
            if observation.is_np_flattenable
            else "make it one in a gymnasium.ObservationWrapper, in a function that is given as the task"
        )
        raise TaskError(f"the observation space is {type(observation).__name__}, expected Box; {remedy}")
    if not observation.shape or 0 in observation.shape:
        raise TaskError(
            f"the observation space is a Box of shape {observation.shape}, expected (O,), O numbers to see; make it "
            "one in a gymnasium.ObservationWrapper, in a function that is given as the task"
        )
    if len(observation.shape) != 1 and not flatten:
        raise TaskError(
            f"the observation space is a Box of shape {observation.shape}, expected one dimension; set "
            f"flatten_observation to take its {int(np.prod(observation.shape))} numbers as they are, or wrap the "
            "environment in a function that makes it, and give that function as the task"
        )
    flattened = len(observation.shape) != 1 or (flatten and isinstance(env, wrappers.FlattenObservation))
    return Interface(observation.shape, *_actions(action), time_limit=_time_limit(env), flattened=flattened)


def _actions(
    space: gymnasium.Space[Any],
) -> tuple[tuple[int, ...], str, tuple[float, ...], tuple[float, ...], int | None]:
    from gymnasium import spaces  # noqa: PLC0415 - gymnasium takes 0.1 s

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
    from gymnasium import Wrapper  # noqa: PLC0415 - gymnasium takes 0.1 s
    from gymnasium.wrappers import TimeLimit  # noqa: PLC0415 - gymnasium takes 0.1 s

    layer: gymnasium.Env[Any, Any] = env
    while isinstance(layer, Wrapper):
        if isinstance(layer, TimeLimit):
            return int(layer._max_episode_steps)
        layer = layer.env
    return layer.spec.max_episode_steps if layer.spec is not None else None


def seed_globals(seed: int) -> None:
    """Seed the global generators that are there, for what draws from them instead of its own; `seed` is below 2**63.

    Those of Python and NumPy, and torch's where it is imported: a TorchPolicy's module may draw from it.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global one is meant
    torch = sys.modules.get("torch")
    if torch is not None:
        # NumPy's and torch's are the same algorithm, and each takes 32 bits: of the same ones they would be one stream.
        torch.default_generator.manual_seed(seed >> 32)


def shortened(seed: int, bits: int) -> int:
    """The upper `bits` of a seed of SEED_BITS."""
    return seed >> (SEED_BITS - bits)


def seeded_reset(env: gymnasium.Env[Any, Any], seed: int, bits: int = SEED_BITS) -> tuple[Any, dict[str, Any]]:
    """Begin the episode of that seed, below 2**63: what reset answers.

    All that an episode may draw from is seeded, in its own generator and beside it: the global ones, and the space of
    actions, by which an environment may try a random one. What is the environment's gets the upper `bits` alone.
    """
    seed_globals(seed)
    short = shortened(seed, bits)
    env.action_space.seed(short)
    own = getattr(env.unwrapped, "action_space", None)
    if own is not None and own is not env.action_space:  # a wrapper has another
        own.seed(short)
    return env.reset(seed=short)
