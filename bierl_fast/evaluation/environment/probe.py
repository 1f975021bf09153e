"""What an environment's reset does and takes: known, or tried out in the first worker before the run.

env, Findings so far -> TryOut.questions -> Findings, one field at a time

It is gentler than an episode: one environment at a time, `episode_timeout` holds, whatever an episode may do (raise,
hang, end its process) is an answer, and no answer costs more than it can save.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bierl_fast.evaluation.environment.answers import Refusal, stepped, stumbled
from bierl_fast.evaluation.environment.spaces import SEED_BITS, SHORT_SEED_BITS, seed_globals, seeded_reset
from bierl_fast.machine import waited
from bierl_fast.reasons import class_of, reason

if TYPE_CHECKING:
    import gymnasium

# Of an episode that is tried out.
PROBE_STEPS = 1000
# Seconds that an episode on the used environment may take, or so many times what making an environment takes. What
# goes further in the run than was tried out then is not used again, which costs such slow episodes little.
PROBE_SECONDS = 1.5
PROBE_MAKES = 3.0
# Of the search for an environment's own time limit: env steps and seconds in all, and episodes that end before it.
LIMIT_STEPS = 20_000
LIMIT_SECONDS = 30.0
LIMIT_EPISODES = 100
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


Answers = tuple[bytes | None, ...]  # a digest for each; an error is the last
OUTLIVED = None  # the last of the answers of an episode that took longer than it may


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of an environment; None: not yet."""

    seed_bits: int | None = None  # of the seed that its reset takes
    descriptor_size: int | None = None  # of the user's function; 0 without one
    used: Answers | None = None  # of an episode of a used environment, on the way to `fresh`
    fresh: bool | None = None  # whether every episode has to have a new environment
    repeats: bool | None = None  # False: not even a new environment repeats an episode
    tried_steps: int | None = None  # after so many it was left open what a reset restores; None: it was not
    given_up: str | None = None  # why `fresh` is but the safe answer
    time_limit: int | None = None  # env steps after which it truncates by itself; 0: that was not seen
    failure: str | None = None  # what ended an episode in the search for that, where it did not end by itself

    def without_an_answer(self, question: str, why: str) -> Findings:
        """What to go on with when nothing came of this question, as it took too long or ended its process."""
        if question == "seed_bits":
            return replace(self, seed_bits=SEED_BITS)
        if question == "repeats":
            return replace(self, repeats=True)
        if question == "time_limit":
            return replace(self, time_limit=0, failure=why)
        return replace(self, fresh=True, repeats=True, given_up=why)  # a new environment is always right


class Holder:
    """The one environment that a process has open at a time, and how that is said to whoever waits.

    Attributes:
        env: None where there is none.
        used: whether it has been reset.
    """

    def __init__(
        self,
        make: Callable[[], gymnasium.Env[Any, Any]],
        doing: Callable[[str, str | None], None],
        closing: Callable[[bool], None],
    ) -> None:
        """`doing` is told a text and the question it serves, `closing` True before a close and False after it."""
        self._make, self._doing, self._closing = make, doing, closing
        self.env: gymnasium.Env[Any, Any] | None = None
        self.used = False
        self.make_seconds = 0.0

    def new(self, question: str | None = None) -> gymnasium.Env[Any, Any]:
        """A new environment, the old one being closed. Raises what making it raises."""
        self.close()
        self._doing("making an environment", question)
        began = time.monotonic()
        self.env = self._make()
        self.make_seconds = time.monotonic() - began
        return self.env

    def close(self) -> None:
        """Close the environment, whatever that raises."""
        env, self.env, self.used = self.env, None, False
        if env is not None:
            self._closing(True)
            close_quietly(env)
            self._closing(False)


def close_quietly(env: gymnasium.Env[Any, Any]) -> None:
    """Close an environment that is gone either way."""
    with suppress(BaseException):
        env.close()


class TryOut:
    """Finds out what is not known yet. Episodes are of random actions; an error in one is its last answer, no other."""

    def __init__(
        self,
        holder: Holder,
        findings: Findings,
        doing: Callable[[str, str | None], None],
        found: Callable[[Findings], None],
        *,
        timeout: float | None = None,
        most_steps: int | None = None,
    ) -> None:
        """`holder` has an unused environment. `doing` is called at every step; `found` with every new finding.

        `timeout`: seconds an episode may take; `most_steps`: that episodes of the run commonly have at most.
        """
        self.findings = findings
        self._holder = holder
        self._doing = doing
        self._tell = found
        self._timeout = math.inf if timeout is None else timeout
        self._steps = min(PROBE_STEPS, most_steps or PROBE_STEPS)
        self._patience = max(PROBE_SECONDS, PROBE_MAKES * holder.make_seconds)
        assert holder.env is not None
        self._known, self._plain = _known(holder.env), _is_plain(holder.env)

    def found(self, **findings: Any) -> None:
        """Take note of answers."""
        self.findings = replace(self.findings, **findings)
        self._tell(self.findings)

    def seed_bits(self) -> None:
        """How long a seed reset(seed=...) takes: SEED_BITS, or SHORT_SEED_BITS where it refuses those.

        Gymnasium's own take all. SEED_BITS, too, where both are refused: what fails then is not the seed.
        """
        bits = SEED_BITS
        if self._known is None:
            bits = next((bits for bits in (SEED_BITS, SHORT_SEED_BITS) if self._takes(bits)), SEED_BITS)
        self.found(seed_bits=bits)

    def _takes(self, bits: int) -> bool:
        self._doing(f"trying its reset with a seed of {bits} bits", "seed_bits")
        self._holder.used = True
        assert self._holder.env is not None
        try:
            seeded_reset(self._holder.env, 2**SEED_BITS - 1, bits)
        except Refusal:  # of its form, not of the seed
            raise
        except BaseException:  # of whatever kind the generator behind it raises
            return False
        return True

    def time_limit(self) -> None:
        """After how many steps the environment truncates every episode; 0: it was not seen to do that twice, alike."""
        seen, left, until = [0], LIMIT_STEPS, _clock() + LIMIT_SECONDS
        for seed in range(LIMIT_EPISODES):
            steps, truncated = self._length(seed, left, until)
            left -= steps
            if truncated:
                seen.append(steps)
            if len(seen) > 2 or left <= 0 or _clock() > until:
                break
        *_, one, other = 0, *seen
        self.found(time_limit=other if one == other else 0)

    def _length(self, seed: int, most: int, until: float) -> tuple[int, bool]:
        """Steps of an episode, up to so many, and whether it was truncated; errors end it, and are found again."""
        env, start = self._holder.env, time.monotonic()
        assert env is not None
        self._holder.used = True
        step = 0
        try:
            seeded_reset(env, seed)
            for step in range(1, most + 1):
                self._doing(f"looking for its time limit, step {step}", "time_limit")
                _, _, terminated, truncated, _ = stepped(env, env.step(env.action_space.sample()))
                if terminated or truncated:
                    return step, bool(truncated) and not terminated
                if _clock() > until or time.monotonic() - start > self._timeout:
                    break
        except BaseException as error:  # as in an episode of the run, where any fails its row
            self.findings = replace(self.findings, failure=reason(error))
        return max(step, 1), False

    def fresh(self) -> None:
        """Whether an episode on a used environment differs from the same one on a new one, and then two new ones do.

        Known for Gymnasium's own (KEEPS_STATE); others play up to four episodes, and of one that outlives the timeout
        what it answered until then counts. Raises what making a second environment raises.
        """
        if self._known is not None and (self._known or self._plain):
            self.found(fresh=self._known)
        elif self.findings.fresh is None:
            self._compare_used_with_new()
        if self.findings.fresh and self.findings.repeats is None:
            self._compare_new_with_new()
        if self.findings.repeats is None:
            self.found(repeats=True)

    def _compare_used_with_new(self) -> None:
        if self.findings.used is None:
            self._play("used", 1, self._patience)
            used = self._play("used", 2, self._patience)
            self.found(used=used, tried_steps=self._steps if self._steps < PROBE_STEPS else None)
            self._renew("fresh")
        elif self.findings.tried_steps is not None:
            self._steps = self.findings.tried_steps
        new = self._play("fresh", 2)
        self.found(fresh=not _equal(self.findings.used or (), new), used=new)

    def _compare_new_with_new(self) -> None:
        """Gymnasium's own repeat."""
        if self._known is not None and self._plain:
            return
        one = self.findings.used
        if one is None:
            self._renew("repeats")
            one = self._play("repeats", 2)
        self._renew("repeats")
        self.found(repeats=_equal(one, self._play("repeats", 2)))

    def _renew(self, question: str) -> None:
        if self._holder.env is None or self._holder.used:
            seed_globals(2)  # as for an episode: what is drawn while it is made repeats too
            self._holder.new(question)

    def _play(self, question: str, seed: int, within: float = math.inf) -> Answers:
        """What an episode answers, step by step.

        `within`: seconds after which neither this episode nor those to come are tried out further.
        """
        env = self._holder.env
        assert env is not None
        self._holder.used = True
        answers: list[bytes | None] = []
        start, began = time.monotonic(), _clock()
        try:
            for step in range(self._steps + 1):
                self._doing(f"trying out whether its reset restores everything, step {step}", question)
                answer, over = _reset(env, seed) if step == 0 else _step(env)
                answers.append(answer)
                if time.monotonic() - start > self._timeout:
                    answers.append(OUTLIVED)
                    break
                if over:
                    break
                if step > 0 and _clock() - began > within:
                    self._steps = step
                    break
        except Refusal:
            if len(answers) < 2:
                raise  # of the first answers: those to come are no better
            answers.append(_digest(b"refused"))
        except BaseException as error:  # an episode may raise: on_failure decides on that, and later
            answers.append(_digest(class_of(error).encode("utf-8", "replace")))  # its text may tell of memory addresses
        return tuple(answers)


def _clock() -> float:
    """Seconds, but for those that the machine gave to others: how long something is tried is no matter of its load."""
    return time.monotonic() - waited()


def _reset(env: Any, seed: int) -> tuple[bytes, bool]:
    observation, _ = seeded_reset(env, seed)
    return _digest(_bytes(observation)), False


def _step(env: Any) -> tuple[bytes, bool]:
    action = env.action_space.sample()
    try:
        answer = env.step(action)
    except (TypeError, ValueError) as error:
        refusal = stumbled(env, error, "step", action)
        if refusal is None:
            raise
        raise refusal from error
    observation, reward, terminated, truncated, _ = stepped(env, answer)
    answer = _bytes(observation) + repr((reward, terminated, truncated)).encode()
    return _digest(answer), bool(terminated or truncated)


def _bytes(observation: Any) -> bytes:
    array = np.asarray(observation)
    return repr(observation).encode() if array.dtype.hasobject else array.tobytes()


def _digest(answer: bytes) -> bytes:
    return hashlib.blake2b(answer, digest_size=16).digest()


def _equal(one: Answers, other: Answers) -> bool:
    """Whether two episodes answered alike, as far as both were watched."""
    if OUTLIVED in (one[-1], other[-1]):
        return all(OUTLIVED in pair or pair[0] == pair[1] for pair in zip(one, other, strict=False))
    return one == other


def _known(env: gymnasium.Env[Any, Any]) -> bool | None:
    """What KEEPS_STATE says of an environment; None where it is not among those."""
    inner = type(env.unwrapped).__module__
    return next((keeps for name, keeps in KEEPS_STATE.items() if inner.startswith(name)), None)


def _is_plain(env: gymnasium.Env[Any, Any]) -> bool:
    """Whether nothing is wrapped around an environment but what keeps no state: gymnasium.make's and ours."""
    from gymnasium import Wrapper, wrappers  # noqa: PLC0415 - gymnasium takes 0.1 s

    while isinstance(env, Wrapper):
        if not isinstance(env, wrappers.TimeLimit | wrappers.OrderEnforcing | wrappers.FlattenObservation):
            return False
        env = env.env
    return True
