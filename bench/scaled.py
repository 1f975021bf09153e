"""Functions whose parameters are rescaled, for bench/compare/heldout.toml: what is right for them is, too.

Each is of 30 parameters that start at 0 and have their best value at `scale` or further; its calls have noise of a
tenth of what there is to gain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL, LARGE = 1e-3, 1e3
F64 = NDArray[np.float64]
CURVATURE = np.logspace(0.0, 1.0, 30)
noise = np.random.default_rng(0)


def _noisy(value: F64, gain: float) -> F64:
    return value + 0.1 * gain * noise.standard_normal(value.shape)


def _ellipsoid(x: Any, scale: float) -> F64:
    return _noisy(-(CURVATURE * np.square(np.asarray(x, np.float64) / scale - 1.0)).sum(-1), float(CURVATURE.sum()))


def _valley(x: Any, scale: float) -> F64:
    z = np.asarray(x, np.float64) / scale
    bend = 100.0 * np.square(z[..., 1:] - np.square(z[..., :-1])) + np.square(1.0 - z[..., :-1])
    return _noisy(-bend.sum(-1), 29.0)


def ellipsoid_small(x: Any) -> F64:
    """Condition 10, its best at 0.001."""
    return _ellipsoid(x, SMALL)


def ellipsoid_large(x: Any) -> F64:
    """Condition 10, its best at 1,000."""
    return _ellipsoid(x, LARGE)


def valley_small(x: Any) -> F64:
    """Rosenbrock's, its best at 0.001."""
    return _valley(x, SMALL)


def valley_large(x: Any) -> F64:
    """Rosenbrock's, its best at 1,000."""
    return _valley(x, LARGE)
