"""Mean and standard deviation of finite numbers of any size: neither a sum nor a square overflows or vanishes.

Returns are a task's own units: 1e308 and 1e-300 are as good as 1. Numbers of usual size take NumPy's own way, to the
same bits; others are scaled by a power of two, which is exact.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from bierl_fast.messages import F64

USUAL = (2.0**-450, 2.0**450)  # magnitudes whose squares, and sums of 2**60 of them, are far from either end
HALVED = 32  # bits taken off before a sum that overflowed: it has fewer terms than 2**32
LARGEST = sys.float_info.max
LARGEST32 = float(np.finfo(np.float32).max)  # of single precision


def exponent(*values: Any) -> int:
    """By how many powers of two to divide these numbers, so that squares and sums keep their digits; mostly 0.

    Args:
        values: arrays or numbers; what is not finite does not count.
    """
    largest = 0.0
    for each in values:
        magnitude = np.abs(np.asarray(each, np.float64))
        largest = max(largest, float(magnitude.max(initial=0.0, where=np.isfinite(magnitude))))
    return 0 if largest == 0.0 or USUAL[0] <= largest <= USUAL[1] else math.frexp(largest)[1]


def scaled(values: Any, powers: int) -> F64:
    """The values divided by 2**powers; as they are where that is 0."""
    array = np.asarray(values, np.float64)
    if powers == 0:
        return array
    with np.errstate(over="ignore"):
        return np.asarray(np.ldexp(array, -powers), np.float64)


def mean(values: Any, axis: int | None = None) -> Any:
    """The mean of finite numbers, finite; along an axis, or of all."""
    array = np.asarray(values, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        plain = array.mean(axis=axis)
        if np.isfinite(plain).all():
            return plain
        halved = np.ldexp(np.ldexp(array, -HALVED).mean(axis=axis), HALVED)
    return np.where(np.isfinite(plain), plain, np.clip(halved, array.min(axis=axis), array.max(axis=axis)))


def std(values: Any, axis: int | None = None, ddof: int = 0) -> Any:
    """The standard deviation of finite numbers, finite; along an axis, or of all."""
    powers = exponent(values)
    spread = scaled(values, powers).std(axis=axis, ddof=ddof)
    return spread if powers == 0 else np.minimum(scaled(spread, -powers), LARGEST)


def mean_of_groups(values: F64, group: Any, groups: int = 0) -> F64:
    """(G,) the mean of each group of finite numbers (K,), finite; `group` (K,) says which a number is of."""
    count = np.bincount(group, minlength=groups)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        plain = np.bincount(group, weights=values, minlength=groups) / count
        if np.isfinite(plain).all():
            return plain
        halved = np.ldexp(np.bincount(group, weights=np.ldexp(values, -HALVED), minlength=groups) / count, HALVED)
        overflowed = ~np.isfinite(plain) & (np.bincount(group, weights=~np.isfinite(values), minlength=groups) == 0)
        return np.where(overflowed, np.clip(halved, -LARGEST, LARGEST), plain)


def middle(values: Any) -> float:
    """The median of finite numbers, finite."""
    with np.errstate(over="ignore"):
        plain = float(np.median(values))
    powers = 0 if math.isfinite(plain) else HALVED
    return plain if powers == 0 else float(np.ldexp(np.median(scaled(values, powers)), powers))
