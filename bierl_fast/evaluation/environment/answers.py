"""What an environment's reset and step answer: taken as the numbers they are, or refused in one line.

reset's answer -> begun   -> observation, info
step's answer  -> stepped -> observation, and reward, terminated, truncated, info as float, bool, bool, dict
observation    -> seen    -> an array of numbers in its space's shape

Looked at closely once for each kind of answer, by its types: an episode's loop asks again only when they change. Taken
is whatever means one thing alone: NumPy's scalars, arrays without dimensions, 0 and 1 for False and True, no info.
"""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from bierl_fast.errors import TaskError, shown
from bierl_fast.evaluation.arguments import real

PLAIN = (float, bool, bool, dict)  # what a step answers beside its observation, as it should be
STEP = "observation, reward, terminated, truncated, info"


class Refusal(TaskError):  # noqa: N818 - a word for what it does
    """An answer that means nothing, or more than one thing; the text says what was wanted, what came, and whose."""


def kind(value: Any) -> str:
    """What something is, for an error."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} of {value.dtype}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str | bytes | numbers.Number):
        return f"{shown(value):.60}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def defined_at(function: Any) -> str:
    """` (name in file, line n)`, where a function is written; nothing where that is not in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return "" if code is None else f" ({code.co_name} in {code.co_filename}, line {code.co_firstlineno})"


def begun(env: Any, answer: Any) -> tuple[Any, Any]:
    """Reset's answer."""
    pair = isinstance(answer, tuple | list) and len(answer) == 2
    if pair and (answer[1] is None or isinstance(answer[1], Mapping)):
        return answer[0], answer[1] or {}
    got = kind(answer)
    if isinstance(answer, Mapping) or real(answer) is not None:
        got += ": an observation alone is how the old gym did it"
    elif pair:
        got = f"{kind(answer[1])} as info, which is a dict"
    raise Refusal(f"reset must answer (observation, info), got {got}{_where(env, 'reset')}")


def stepped(env: Any, answer: Any) -> tuple[Any, float, bool, bool, Any]:
    """Step's answer."""
    if not isinstance(answer, tuple | list) or len(answer) != 5:
        old = ": four are how the old gym did it" if isinstance(answer, tuple | list) and len(answer) == 4 else ""
        raise Refusal(f"step must answer ({STEP}), got {kind(answer)}{old}{_where(env, 'step')}")
    observation, reward, terminated, truncated, info = answer
    try:
        ends = _flag("terminated", terminated), _flag("truncated", truncated)
        return (observation, _number(reward), *ends, _info(info))
    except Refusal as refusal:
        raise Refusal(f"{refusal}{_where(env, 'step')}") from None


def lasting(reward: Any, terminated: Any, truncated: Any, info: Any) -> bool:
    """Whether all of these types mean what float() and `if` make of them, whatever their values."""
    flags = all(flag is None or isinstance(flag, bool | np.bool_) for flag in (terminated, truncated))
    return flags and isinstance(reward, numbers.Real | np.bool_) and isinstance(info, Mapping)


def seen(env: Any, observation: Any, shape: tuple[int, ...]) -> Any:
    """An observation."""
    try:
        return _array(observation, shape)
    except Refusal as refusal:
        raise Refusal(f"{refusal}{_where(env, 'step')}") from None


def _array(observation: Any, shape: tuple[int, ...]) -> Any:
    array = real(observation)
    if array is None:
        raise Refusal(f"an observation must be an array of numbers of shape {shape}, got {kind(observation)}")
    if array.shape == () and shape == (1,):
        return array.reshape(1)
    if array.shape != shape:
        raise Refusal(f"an observation has shape {array.shape}, its space says {shape}")
    return array


def _where(env: Any, method: str) -> str:
    """Of the environment itself, whatever is wrapped around it."""
    return defined_at(getattr(env.unwrapped, method, None))


def _number(reward: Any) -> float:
    if isinstance(reward, numbers.Real | np.bool_):
        try:
            return float(reward)
        except OverflowError:
            raise Refusal(f"a reward must be a number that floats can hold, got {kind(reward)}") from None
        except TypeError:  # of NumPy's times, which call themselves integers
            raise Refusal(f"a reward must be a number, got {kind(reward)}") from None
    if np.ndim(reward) != 0:
        raise Refusal(f"a reward has shape {np.shape(reward)}, expected a number")
    if not isinstance(reward, str | bytes | complex | np.complexfloating) and hasattr(reward, "__float__"):
        with suppress(TypeError, ValueError):
            return float(reward)  # as arrays without dimensions, torch's tensors and Decimals
    raise Refusal(f"a reward must be a number, got {kind(reward)}")


def _flag(name: str, given: Any) -> bool:
    """None is False, as it always was to Python."""
    if isinstance(given, np.ndarray) and given.size == 1 and given.dtype.kind in "biuf":
        given = given.item()
    if given is None or (isinstance(given, numbers.Real | np.bool_) and given in (0, 1)):
        return bool(given)
    raise Refusal(f"{name} must be True or False, got {kind(given)}; a step answers ({STEP})")


def _info(given: Any) -> Any:
    if isinstance(given, Mapping):
        return given
    if given is None:
        return {}
    raise Refusal(f"info must be a dict, got {kind(given)}; a step answers ({STEP})")


def stumbled(env: Any, error: BaseException, method: str, *given: Any, **named: Any) -> Refusal | None:
    """What to say of an error that a wrapper of Gymnasium's raised when it took apart the environment's answer.

    The answer is lost; so the environment, which is given up now anyway, is asked once more.
    """
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    home = frame.tb_frame.f_globals.get("__name__", "") if frame is not None else ""
    if not isinstance(error, ValueError | TypeError) or not home.startswith("gymnasium.") or env is env.unwrapped:
        return None
    try:
        answer = getattr(env.unwrapped, method)(*given, **named)
    except BaseException:  # then that is for others to say
        return None
    try:
        begun(env, answer) if method == "reset" else stepped(env, answer)
    except Refusal as refusal:
        return refusal
    return None


def old_signature(env: Any, error: Exception) -> Refusal | None:
    """What to say of a reset that takes no seed."""
    method = env.unwrapped.reset
    try:
        inspect.signature(method).bind(seed=0)
    except TypeError:
        return Refusal(
            "reset must take a seed, as in reset(self, *, seed=None, options=None), got "
            f"reset{inspect.signature(method)}, as the old gym had it ({error}){defined_at(method)}"
        )
    except ValueError:  # it does not tell
        return None
    return None
