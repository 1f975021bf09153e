"""Checks of what users give: each raises one error that names the argument, what was wanted and what came."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import ArgumentError, ArgumentTypeError, UnsupportedError, shown
from bierl_fast.messages import F32, NoiseKey, Population

LARGEST = sys.float_info.max
MOST_STEPS = 2**31 - 1  # what the compiled side counts to


def not_copied(evaluator: object) -> UnsupportedError:
    """The error for an evaluator that is to be copied or pickled."""
    return UnsupportedError(
        f"{type(evaluator).__name__} holds threads or processes and cannot be copied or pickled: pickle its policy, "
        "and make another evaluator from the same arguments there"
    )


def integer(name: str, value: Any, least: int, most: int, *, setting: str | None = None) -> int:
    """An integer, of Python or NumPy, in [least, most]; else ArgumentError, or ArgumentTypeError (for a bool too).

    `setting`: which is at fault, where `name` is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ArgumentTypeError(
            f"{name} must be an integer in [{least}, {most}], got {shown(value)}", [setting or name]
        )
    if not least <= value <= most:
        raise ArgumentError(f"{name} must be an integer in [{least}, {most}], got {shown(value)}", [setting or name])
    return int(value)


def number(name: str, value: Any) -> float:
    """A finite number. ArgumentTypeError for another kind (bool too), ArgumentError for one that is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ArgumentTypeError(f"{name} must be a number, got {shown(value)}", [name])
    # An integer may be beyond every float.
    if not (abs(value) <= LARGEST if isinstance(value, int) else isfinite(value)):
        raise ArgumentError(f"{name} must be finite, got {shown(value)}", [name])
    return float(value)


def log_std(value: Any) -> float:
    """A log standard deviation that single precision holds the exponential of; raises as `number`."""
    found = number("log_std", value)
    if not -1e30 <= found <= 88.0:
        raise ArgumentError(f"log_std must be at least -1e30 and at most 88, got {found}", ["log_std"])
    return found


def keywords(name: str, value: Mapping[Any, Any]) -> None:
    """ArgumentTypeError unless the keyword arguments have names that are strings."""
    for key in value:
        if not isinstance(key, str):
            raise ArgumentTypeError(f"{name} must be a dict with names as keys, got the key {shown(key)}", [name])


def boolean(name: str, value: Any) -> bool:
    """True or False; ArgumentTypeError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{name} must be True or False, got {shown(value)}", [name])
    return bool(value)


def layer_sizes(name: str, value: Any) -> tuple[int, ...]:
    """Integers of at least 1, possibly none of them; ArgumentTypeError for another kind, ArgumentError below 1."""
    if not isinstance(value, tuple | list):
        raise ArgumentTypeError(
            f"{name} must be a tuple of layer sizes, such as (64, 64), or () for none; got {shown(value)}", [name]
        )
    return tuple(integer(f"a size in {name}", size, 1, MOST_STEPS, setting=name) for size in value)


def real(value: Any) -> NDArray[Any] | None:
    """An array of what means real numbers and nothing else; None of all others, text and complex numbers too."""
    try:
        array = np.asarray(value)
    except Exception:  # of lists in lists, not equally long; or whatever an object's own __array__ raises
        return None
    if array.dtype.kind == "O" and array.size and all(isinstance(each, numbers.Real) for each in array.flat):
        with suppress(OverflowError):
            array = array.astype(np.float64)
    return array if array.dtype.kind in "biuf" else None


def parameters(name: str, value: Any, count: int) -> F32:
    """A policy's parameters: a copy, row-major; ArgumentError unless they are float32 of shape (count,)."""
    theta = np.array(value, copy=True, order="C")
    if theta.dtype != np.float32 or theta.shape != (count,):
        raise ArgumentError(
            f"{name} must be float32 of shape ({count},), got {theta.dtype} of shape {theta.shape}", [name]
        )
    return theta


def require_population(value: Any) -> None:
    """ArgumentTypeError for what is no Population, or has no key, bases or rows; who reads its arrays says the rest."""
    if not isinstance(value, Population):
        raise ArgumentTypeError(f"population must be a bierl_fast.Population, got {type(value).__name__}")
    if not isinstance(value.key, NoiseKey):
        raise ArgumentTypeError(f"key must be a bierl_fast.NoiseKey, got {type(value.key).__name__}")
    if not isinstance(value.base_bp, np.ndarray):
        raise ArgumentTypeError(f"base_bp must be a numpy array, got {type(value.base_bp).__name__}")
    if not isinstance(value.base_r, np.ndarray) or value.base_r.ndim != 1:
        raise ArgumentTypeError(f"base_r must be a numpy array of shape (any,), got {type(value.base_r).__name__}")
