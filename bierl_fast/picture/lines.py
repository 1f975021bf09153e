"""Lines of several seeds as one: the median and the middle half.

[Line, ...] -> over_seeds -> shared places (points,), quartiles (3, points)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bierl_fast.messages import F64

POINTS = 200  # of a line
FARTHEST = 1e300  # from zero of what is drawn: whoever draws takes differences, which have to be finite too


@dataclass(frozen=True, slots=True)
class Line:
    """One run's part of a panel, finite numbers alone."""

    x_g: F64
    y_g: F64
    diverged: bool = False

    @classmethod
    def finite(cls, x_g: F64, y_g: F64, diverged: bool = False) -> Line:
        """The line where both are finite, up to FARTHEST."""
        there = np.isfinite(x_g) & np.isfinite(y_g)
        return cls(x_g[there], np.clip(y_g[there], -FARTHEST, FARTHEST), diverged)

    @property
    def end(self) -> float:
        """Where it has no value any more: never for one that diverged, whose value is the worst."""
        return math.inf if self.diverged else float(self.x_g[-1])

    def at(self, grid: F64) -> F64:
        """Its values: between generations in proportion; past its last, minus infinity if it diverged, else NaN."""
        return np.interp(grid, self.x_g, self.y_g, right=-math.inf if self.diverged else math.nan)


def over_seeds(lines: Sequence[Line], points: int = POINTS, least: int | None = None) -> tuple[F64, F64]:
    """Quartiles over seeds of lines at shared places: (points,), (3, points); NaN where one is not finite.

    The places go from the latest first x to where fewer than `least` of the seeds would have a value; None: than most.
    """
    ends = sorted((line.end for line in lines), reverse=True)
    last = ends[len(ends) // 2 if least is None else least - 1]
    high = last if math.isfinite(last) else max(float(line.x_g[-1]) for line in lines)
    low = max(float(line.x_g[0]) for line in lines)
    grid = np.linspace(low, max(low, high), points)
    values_sk = np.array([line.at(grid) for line in lines])
    with np.errstate(invalid="ignore"):  # between minus infinity and a number there is nothing
        quartiles = np.array([_quartiles(values_s[~np.isnan(values_s)]) for values_s in values_sk.T]).T
    return grid, np.where(np.isfinite(quartiles), quartiles, np.nan)


def _quartiles(values: F64) -> F64:
    """(3,) of any values; NaN of none."""
    return np.quantile(values, [0.25, 0.5, 0.75]) if values.size else np.full(3, np.nan)
