"""Spearman's rank correlation: does one number order proposals as another does?

(M,), (M,) -> rank_correlation -> RankCorrelation
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F64

NORMAL_95 = 1.959964  # the standard normal's quantile at 97.5 %


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """In [-1, 1], with the ends of its 95 % interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


def rank_correlation(x_m: F64, y_m: F64) -> RankCorrelation:
    """Spearman's rho of two rows of M numbers.

    Equal values share the mean of their ranks; -inf ranks last, among others like it equal. NaN where all of a row are
    equal. The interval is normal in atanh(rho) with variance (1 + rho^2 / 2) / (M - 3): NaN below M = 4, and for M
    around 16 somewhat too narrow. At rho = +-1, where that would be a point, one end is there, and the other where
    that of two neighbors swapped would be: chance orders few proposals so too.

    Raises:
        ArgumentError: the rows differ in length, or one has a NaN.

    Source: Bonett & Wright 2000, Psychometrika 65 (1), for the interval.
    """
    if x_m.shape != y_m.shape or x_m.ndim != 1 or np.isnan(x_m).any() or np.isnan(y_m).any():
        raise ArgumentError(
            f"rank_correlation needs two rows of M numbers, got shapes {x_m.shape}, {y_m.shape} or a NaN"
        )
    x_m, y_m = _ranks(x_m), _ranks(y_m)
    squares = float((x_m**2).sum()) * float((y_m**2).sum())
    if squares == 0.0:
        return RankCorrelation(math.nan, math.nan, math.nan)
    rho = min(max(float((x_m * y_m).sum()) / math.sqrt(squares), -1.0), 1.0)
    if x_m.size < 4:
        return RankCorrelation(rho, math.nan, math.nan)
    most = 1.0 - 12.0 / (x_m.size**3 - x_m.size)  # short of 1: two neighbors swapped
    middle = min(max(rho, -most), most)
    half = NORMAL_95 * math.sqrt((1.0 + middle**2 / 2.0) / (x_m.size - 3))
    low, high = math.tanh(math.atanh(middle) - half), math.tanh(math.atanh(middle) + half)
    return RankCorrelation(rho, -1.0 if rho == -1.0 else low, 1.0 if rho == 1.0 else high)


def _ranks(value_m: F64) -> F64:
    """(M,) twice the ranks, less their mean: whole numbers, so that sums of them are exact."""
    ordered = np.sort(value_m)
    below, up_to = (np.searchsorted(ordered, value_m, side=side) for side in ("left", "right"))
    return np.asarray(below + up_to - value_m.size, np.float64)
