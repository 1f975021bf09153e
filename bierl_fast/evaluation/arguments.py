"""Checks of what users give: each raises one error that names the argument, what was wanted and what came."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from bierl_fast.messages import F32

MOST_STEPS = 2**31 - 1  # what the compiled side counts to


def integer(name: str, value: Any, least: int, most: int) -> int:
    """A Python or NumPy integer in [least, most]. TypeError for another kind (bool too), ValueError outside."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer in [{least}, {most}], got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be an integer in [{least}, {most}], got {value!r}")
    return int(value)


def number(name: str, value: Any) -> float:
    """A finite number. TypeError for another kind (bool too), ValueError for one that is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def boolean(name: str, value: Any) -> bool:
    """True or False; TypeError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def layer_sizes(name: str, value: Any) -> tuple[int, ...]:
    """A sequence of integers of at least 1, possibly none of them. TypeError for another kind, ValueError below 1."""
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name} must be a tuple of layer sizes, such as (64, 64), or () for none; got {value!r}")
    return tuple(integer(f"a size in {name}", size, 1, MOST_STEPS) for size in value)


def parameters(name: str, value: Any, count: int) -> F32:
    """A policy's parameters: a copy, row-major; ValueError unless they are float32 of shape (count,)."""
    theta = np.array(value, copy=True, order="C")
    if theta.dtype != np.float32 or theta.shape != (count,):
        raise ValueError(f"{name} must be float32 of shape ({count},), got {theta.dtype} of shape {theta.shape}")
    return theta
