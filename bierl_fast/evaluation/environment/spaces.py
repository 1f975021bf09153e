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
from bierl_fast.evaluation.environment.answers import begun, defined_at, kind, old_signature, stumbled

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
    time_limit: int | None  # env steps
    flattened: bool  # whether observations are made one vector, of an array or of what was none
    first_action: int | None = None  # of a discrete space
    choices: tuple[int, ...] | None = None  # of a MultiDiscrete space, its nvec and its start
    first_choices: tuple[int, ...] | None = None
    switches: bool = False  # a MultiBinary space
    parts: tuple[str, ...] = ()  # of observations that are made one vector of none: their names, in its order,
    part_sizes: tuple[int, ...] = ()  # and how many numbers each is

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
    from gymnasium import spaces  # noqa: PLC0415 - gymnasium takes 0.1 s

    from bierl_fast.evaluation.environment.flattening import Flattened, parts_of  # noqa: PLC0415 - likewise

    observation, action = (_space(env, name) for name in ("observation_space", "action_space"))
    if not isinstance(observation, spaces.Box):
        raise _no_vector(observation)
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
    parts = list(parts_of(env.env.observation_space)) if isinstance(env, Flattened) else []
    return Interface(
        observation_shape=observation.shape,
        time_limit=_time_limit(env),
        flattened=len(observation.shape) != 1 or isinstance(env, Flattened),
        parts=tuple(part.name or type(part.space).__name__ for part in parts),
        part_sizes=tuple(part.size for part in parts),
        **_actions(action),
    )


def _no_vector(space: gymnasium.Space[Any]) -> TaskError:
    """The error for observations that are no array, and are not made one."""
    from bierl_fast.evaluation.environment.flattening import asked_about, others, without_numbers  # noqa: PLC0415

    name, without = type(space).__name__, without_numbers(space)
    wrong, what = (without, "no vector of one length") if without else (asked_about(space), "a picture or a text")
    within = f", and {', '.join(map(str, wrong))}" if any(part.name for part in wrong) else ""
    told = f"the observation space is {name}{within}: {what}"
    kept = others(space, wrong)
    leave_out = f"take the others, --wrapper 'gymnasium.wrappers:FilterObservation(filter_keys={kept})', or "
    instead = f"{leave_out if kept else ''}make it one vector in a gymnasium.ObservationWrapper"
    if without:
        return TaskError(f"{told}; {instead}")
    return TaskError(f"{told}; set flatten_observation (--flatten-observation) to take its numbers too, or {instead}")


def _space(env: gymnasium.Env[Any, Any], name: str) -> gymnasium.Space[Any]:
    """A space of the environment's; TaskError where it is none of Gymnasium's."""
    from gymnasium import Space  # noqa: PLC0415 - gymnasium takes 0.1 s

    space = getattr(env, name, None)
    if isinstance(space, Space):
        return space
    what = name.replace("_", " ")
    if type(space).__module__.partition(".")[0] == "gym":
        raise TaskError(
            f"the {what} is a {type(space).__name__} of the old package gym, expected one of gymnasium.spaces, which "
            "has the same names; shimmy's compatibility wrappers bring over a whole old environment"
        )
    raise TaskError(
        f"the {what} is {kind(space)}, expected one of gymnasium.spaces{defined_at(type(env.unwrapped).__init__)}"
    )


def _actions(space: gymnasium.Space[Any]) -> dict[str, Any]:
    """What Interface says of actions."""
    from gymnasium import spaces  # noqa: PLC0415 - gymnasium takes 0.1 s

    if isinstance(space, spaces.Discrete):
        return {**_outputs(int(space.n)), "action_shape": (), "first_action": int(space.start)}
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.size:
        choices, first = (tuple(np.ravel(each).tolist()) for each in (space.nvec, space.start))
        return {**_outputs(sum(choices)), "action_shape": space.shape, "choices": choices, "first_choices": first}
    if isinstance(space, spaces.MultiBinary) and 0 not in space.shape:
        return {**_outputs(int(np.prod(space.shape))), "action_shape": space.shape, "switches": True}
    if not isinstance(space, spaces.Box) or space.dtype.kind != "f" or space.shape == () or 0 in space.shape:
        what = f"{type(space).__name__}({space.dtype}, shape {space.shape})"
        raise TaskError(
            f"the action space is {what}, expected Discrete, MultiDiscrete, MultiBinary or a Box of floating point "
            "numbers; translate it in a gymnasium.ActionWrapper, or gymnasium.wrappers.TransformAction, in a function "
            "that makes it, and give that function as the task"
        )
    with np.errstate(over="ignore"):  # what single precision does not hold comes back into the box below
        low, high = np.float32(space.low).reshape(-1), np.float32(space.high).reshape(-1)
    # Rounded to single precision a bound may lie outside the box, where the environment refuses it.
    low = np.where(low < space.low.reshape(-1), np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > space.high.reshape(-1), np.nextafter(high, np.float32(-np.inf)), high)
    return {
        "action_shape": space.shape,
        "action_dtype": str(space.dtype),
        "low": tuple(low.tolist()),
        "high": tuple(high.tolist()),
    }


def _outputs(count: int) -> dict[str, Any]:
    """Of actions that are chosen by the policy's outputs: these are not bounded."""
    infinite = (float("inf"),) * count
    return {"action_dtype": "int64", "low": tuple(-x for x in infinite), "high": infinite}


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
    """Begin the episode of that seed, below 2**63: what reset answers. Raises what it raises, or Refusal.

    All that an episode may draw from is seeded, in its own generator and beside it: the global ones, and the space of
    actions, by which an environment may try a random one. What is the environment's gets the upper `bits` alone.
    """
    seed_globals(seed)
    short = shortened(seed, bits)
    env.action_space.seed(short)
    own = getattr(env.unwrapped, "action_space", None)
    if own is not None and own is not env.action_space:  # a wrapper has another
        own.seed(short)
    try:
        answer = env.reset(seed=short)
    except (TypeError, ValueError) as error:
        refusal = old_signature(env, error) or stumbled(env, error, "reset", seed=short)
        if refusal is None:
            raise
        raise refusal from error
    return begun(env, answer)
