"""A function whose parameters are rescaled, for bench/compare/heldout.toml: what is right for it is, too.

Of 30 parameters, with noise of a tenth of what a start at 0 has to gain.
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


def ellipsoid_small(x: Any) -> F64:
    """Condition 10, its best at 0.001."""
    return _ellipsoid(x, SMALL)


def ellipsoid_large(x: Any) -> F64:
    """Condition 10, its best at 1,000."""
    return _ellipsoid(x, LARGE)
