"""Functions that a saved run finds again by their import path."""

from __future__ import annotations

from typing import Any

import numpy as np

from bierl_fast.messages import F32, F64

CALLS = {"hill": 0}


def hill(x: F32, top: float = 1.0) -> float:
    """Highest, 0, at `top` in every parameter."""
    CALLS["hill"] += 1
    return -float(np.sum((x - np.float32(top)) ** 2))


def hills(x_kp: F32, top: float = 1.0) -> F64:
    return np.asarray(-np.sum((x_kp - np.float32(top)) ** 2, axis=1), np.float64)


class Hill:
    def __call__(self, x: F32) -> float:
        return hill(x)


NO_FUNCTION: Any = 3


def cliff(x: F32) -> float:
    """A slope, with nothing beyond 1 in any parameter."""
    return float(np.sum(x)) if np.max(np.abs(x)) < 1.0 else float("nan")


def slope(x: F32) -> float:
    """Without an end; of no great numbers, however far."""
    return float(np.arcsinh(x.astype(np.float64)).sum())
