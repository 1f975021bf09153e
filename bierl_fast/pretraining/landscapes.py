"""Functions to train and to validate a generator on, of other kinds than the native ones; each is called on many rows.

    parameters (R, P) float32 -> returns (R,) float64

"tumble" and "sharp" are trained on; "stairs" and "bend" are for validation alone. IEEE operations in a fixed order, so
the same bits on every CPU. Noise is a hash of the parameters' bits: as good as drawn, and a function of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bierl_fast.messages import F32, F64

Landscape = Callable[..., F64]


def tumble(x_rp: F32, *, width: float, noise: float = 0.0) -> F64:
    """A walk along a ridge, which ends where one has left it by some `width`s: what was reached counts the less.

    As of a gait that carries further the better it is, and falls over under too much noise; there is no best point.
    """
    x_pr = _columns(x_rp)
    along_r = _total(x_pr) / np.sqrt(np.float64(len(x_pr)))
    off_r = _total(x_pr * x_pr) - along_r * along_r
    reached_r = (1.0 + along_r) / (1.0 + off_r / (len(x_pr) * width * width))
    return np.asarray(reached_r + noise * _hashed(x_rp), np.float64)


def sharp(x_rp: F32, *, width: float, noise: float = 0.0) -> F64:
    """Minus the sum of distances along each axis, in `width`s: no noise is small enough near the best point."""
    return -_total(np.abs(_columns(x_rp))) / width + noise * _hashed(x_rp)


def stairs(x_rp: F32, *, width: float, noise: float = 0.0) -> F64:
    """Minus the mean square in whole steps of `width` squared: level nearly everywhere."""
    x_pr = _columns(x_rp)
    below_r = np.floor(_total(x_pr * x_pr) / (len(x_pr) * width * width))
    return np.asarray(noise * _hashed(x_rp) - below_r, np.float64)


def bend(x_rp: F32, *, width: float, noise: float = 0.0) -> F64:
    """Progress along the first axis, on a path that bends: each further parameter is to follow the one before it.

    Off the path by some `width`s nothing is reached.
    """
    x_pr = _columns(x_rp)
    wanted_pr = x_pr[:-1] / (1.0 + np.abs(x_pr[:-1]))
    apart_pr = x_pr[1:] - wanted_pr
    off_r = _total(apart_pr * apart_pr) / (len(x_pr) * width * width)
    return np.asarray((4.0 + x_pr[0]) / (1.0 + off_r) + noise * _hashed(x_rp), np.float64)


TRAINED_ON: dict[str, Landscape] = {"tumble": tumble, "sharp": sharp}
KEPT_APART: dict[str, Landscape] = {"stairs": stairs, "bend": bend}


def _columns(x_rp: F32) -> F64:
    """(P, R) in double precision."""
    return np.ascontiguousarray(x_rp.T, np.float64)


def _total(x_pr: F64) -> F64:
    """(R,) the sum over P, one after the other."""
    total = np.zeros(x_pr.shape[1])
    for x_r in x_pr:
        total += x_r
    return total


def _hashed(x_rp: F32) -> F64:
    """(R,) numbers of mean 0 and deviation 1, another one for every vector."""
    mixed: NDArray[np.uint32] = np.full(x_rp.shape[0], 0x9E3779B9, np.uint32)
    for bits in np.ascontiguousarray(x_rp.T).view(np.uint32):
        mixed = (mixed ^ bits) * np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(15)
    mixed = mixed * np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return np.asarray((mixed / 2.0**32 - 0.5) * np.sqrt(12.0), np.float64)
