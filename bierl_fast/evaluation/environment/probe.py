"""What an environment's reset does and takes: known, or tried out in a worker before it is ready.

EnvMaker -> Probe -> reset_restores_everything, repeats, seed_bits
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast.evaluation.environment.spaces import RAISED, SEED_BITS, SHORT_SEED_BITS, seeded_reset

if TYPE_CHECKING:
    import gymnasium

# Of an episode that is tried out. A number of steps and no time, so that the answer is the same on every machine.
PROBE_STEPS = 1000
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


Answers = list[bytes | None]
OUTLIVED = None  # the last of the answers of an episode that took longer than it may


class Probe:
    """Plays episodes of random actions, of PROBE_STEPS at most. An error in one is its last answer, and no other."""

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        make: Callable[[], gymnasium.Env[Any, Any]],
        alive: Callable[[], None],
        timeout: float | None = None,
    ) -> None:
        """`env` is looked at and not played; `alive` is called at every step, for whoever waits.

        `timeout`: seconds an episode may take.
        """
        self._env = env
        self._make = make
        self._alive = alive
        self._timeout = math.inf if timeout is None else timeout

    def reset_restores_everything(self) -> bool:
        """Whether an episode on a used environment equals the same one on a new environment.

        Known for Gymnasium's own (KEEPS_STATE); others play three episodes, and of one that outlives the timeout what
        it answered until then counts. Raises what making the environment or its first reset raises.
        """
        known = _known(self._env)
        if known and (known[0] or _is_plain(self._env)):
            return not known[0]
        used = self._make()
        try:
            seeded_reset(used, 0)
            self._play(used, 1)
            return _equal(self._play(used, 2), self._played_by_new(2))
        finally:
            used.close()

    def repeats(self) -> bool:
        """Whether two new environments play the same episode from the same seed; Gymnasium's own do."""
        if _known(self._env) and _is_plain(self._env):
            return True
        return _equal(self._played_by_new(2), self._played_by_new(2))

    def seed_bits(self) -> int:
        """How long a seed reset(seed=...) takes: SEED_BITS, or SHORT_SEED_BITS where it refuses those.

        Gymnasium's own take all. SEED_BITS, too, where both are refused: what fails then is not the seed.
        """
        if _known(self._env):
            return SEED_BITS
        env = self._make()
        try:
            for bits in (SEED_BITS, SHORT_SEED_BITS):
                try:
                    seeded_reset(env, 2**SEED_BITS - 1, bits)
                except Exception:  # of whatever kind the generator behind it raises
                    self._alive()
                else:
                    return bits
            return SEED_BITS
        finally:
            env.close()

    def _played_by_new(self, seed: int) -> Answers:
        env = self._make()
        try:
            return self._play(env, seed)
        finally:
            env.close()

    def _play(self, env: gymnasium.Env[Any, Any], seed: int) -> Answers:
        """What an episode answers, step by step."""
        answers: Answers = []
        start = time.monotonic()
        try:
            for answer in _episode(env, seed):
                answers.append(answer)
                self._alive()
                if time.monotonic() - start > self._timeout:
                    answers.append(OUTLIVED)
                    break
        except RAISED as error:  # an episode may raise: on_failure decides on that, and later
            answers.append(type(error).__qualname__.encode())  # its text may tell of memory addresses
        return answers


def _equal(one: Answers, other: Answers) -> bool:
    """Whether two episodes answered alike, as far as both were watched."""
    if OUTLIVED in (one[-1], other[-1]):
        return all(OUTLIVED in pair or pair[0] == pair[1] for pair in zip(one, other, strict=False))
    return one == other


def _episode(env: gymnasium.Env[Any, Any], seed: int) -> Iterator[bytes]:
    observation, _ = seeded_reset(env, seed)
    yield np.asarray(observation).tobytes()
    for _ in range(PROBE_STEPS):
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        yield np.asarray(observation).tobytes() + repr((reward, terminated, truncated)).encode()
        if terminated or truncated:
            break


def _known(env: gymnasium.Env[Any, Any]) -> list[bool]:
    """What KEEPS_STATE says of an environment; nothing where it is not among those."""
    inner = type(env.unwrapped).__module__
    return [keeps for name, keeps in KEEPS_STATE.items() if inner.startswith(name)]


def _is_plain(env: gymnasium.Env[Any, Any]) -> bool:
    """Whether nothing is wrapped around an environment but what keeps no state: gymnasium.make's and ours."""
    from gymnasium import Wrapper, wrappers  # noqa: PLC0415 - gymnasium takes 0.1 s

    while isinstance(env, Wrapper):
        if not isinstance(env, wrappers.TimeLimit | wrappers.OrderEnforcing | wrappers.FlattenObservation):
            return False
        env = env.env
    return True
