"""Observations that are no array, as one vector: Dict, Tuple, Discrete and what lies within them.

space -> parts_of -> [Part, ...], as they lie in the vector          environment -> Flattened -> one that answers it

The rule is that of Gymnasium's FlattenObservation, which Stable-Baselines3's MultiInputPolicy shares: parts in the
space's own order, by name where a Dict was made of a plain dict; numbers as they are, a choice as one number for each
of its values, of which one is 1. Pictures and texts are numbers that a plain network makes little of: they are taken
where that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env, Space, spaces, wrappers

from bierl_fast.evaluation.environment.answers import Refusal, defined_at, kind
from bierl_fast.reasons import visible

SEVERAL = 2  # dimensions that a picture has at least


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an observation: its name, `goal` or `goal.0`, "" of the whole; and its space."""

    name: str
    space: Space[Any]

    @property
    def size(self) -> int:
        """How many numbers it is of the vector; 0 where nobody can say."""
        return int(spaces.flatdim(self.space)) if is_flattenable(self.space) else 0

    def __str__(self) -> str:
        shape = f" of shape {self.space.shape}" if isinstance(self.space, spaces.Box) else ""
        return f"{self.name!r} is a {type(self.space).__name__}{shape}"


def parts_of(space: Space[Any], name: str = "") -> Iterator[Part]:
    """The parts of a space, whatever lies within whatever, in the order of the vector."""
    if isinstance(space, spaces.Dict):
        within = [(visible(str(key)), each) for key, each in space.spaces.items()]
    elif isinstance(space, spaces.Tuple):
        within = [(str(number), each) for number, each in enumerate(space.spaces)]
    else:
        yield Part(name, space)
        return
    for key, each in within:
        yield from parts_of(each, f"{name}.{key}" if name else key)


def without_numbers(space: Space[Any]) -> list[Part]:
    """The parts that no vector of one length holds, as Graph and Sequence."""
    return [part for part in parts_of(space) if not is_flattenable(part.space)]


def others(space: Space[Any], wrong: list[Part]) -> str:
    """The keys of a Dict, or the places in a Tuple, with nothing of `wrong` in them, as a literal; "" without any."""
    named = {part.name for part in wrong}
    keys: list[Any] = []
    if isinstance(space, spaces.Dict):
        keys = [key for key, each in space.spaces.items() if named.isdisjoint(_names(each, visible(str(key))))]
    elif isinstance(space, spaces.Tuple):
        keys = [at for at, each in enumerate(space.spaces) if named.isdisjoint(_names(each, str(at)))]
    return str(keys).replace("'", '"') if keys else ""


def _names(space: Space[Any], name: str) -> list[str]:
    return [part.name for part in parts_of(space, name)]


def is_flattenable(space: Space[Any]) -> bool:
    """Whether Gymnasium makes one vector of it; of a space of somebody's own, which does not say, it does not."""
    try:
        return bool(space.is_np_flattenable)
    except NotImplementedError:
        return False


def asked_about(space: Space[Any]) -> list[Part]:
    """The parts that are taken only where that is asked for: pictures, and texts."""
    return [part for part in parts_of(space) if isinstance(part.space, spaces.Text) or _is_picture(part.space)]


def _is_picture(space: Space[Any]) -> bool:
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) >= SEVERAL


class Flattened(wrappers.FlattenObservation[Any, Any, Any]):
    """An environment whose observations are one vector, as FlattenObservation makes it; Refusal where it cannot."""

    def observation(self, observation: Any) -> Any:
        """See gymnasium.ObservationWrapper."""
        try:
            return super().observation(observation)
        except Exception as error:  # whatever an answer of another kind leads to
            space = self.env.observation_space
            lacking = ""
            if isinstance(space, spaces.Dict) and isinstance(observation, dict):
                lacking = "".join(f" without {key!r}" for key in space.spaces if key not in observation)
            raise Refusal(
                f"an observation must be one of the environment's {type(space).__name__} space, got "
                f"{kind(observation)}{lacking} ({type(error).__name__}: {error})"
                f"{defined_at(getattr(self.unwrapped, 'step', None))}"
            ) from error


def flattened(env: Env[Any, Any], all_of_it: bool) -> Env[Any, Any]:
    """`env`, in a wrapper where its observations are no array and can be made one.

    `all_of_it`: whether pictures and texts within are taken too.
    """
    space = env.observation_space
    if not isinstance(space, Space) or isinstance(space, spaces.Box) or not is_flattenable(space):
        return env
    return Flattened(env) if all_of_it or not asked_about(space) else env
