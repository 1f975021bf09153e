"""The meta-level's own evolution strategy, over the generator's weights.

    weights -> M antithetic perturbations -> (judged elsewhere) -> log-rank weights -> a step that max_move bounds

The same kernels as the inner level: noise by address, never stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Bool, NoiseKey

PROBES = 64  # perturbations that calibrate sigma: the spread is known to about 1 / sqrt(2 * 64) = 9 %
BISECTIONS = 20  # sigma to a millionth of the bracket; a move is halved at most so often


def perturbed(weights: F32, sigma: float, key: NoiseKey, candidates: int, first_row: int = 0) -> F32:
    """(M, P) antithetic pairs (2i, 2i+1) around weights (P,)."""
    out = np.empty((candidates, weights.size), np.float32)
    for m in range(candidates):
        kernels.perturb(weights, sigma, key, first_row + m // 2, 1 - 2 * (m % 2), out=out[m])
    return out


def ascent_step(fitness_m: F64, failed_m: Bool, sigma: float, rate: float, key: NoiseKey, size: int) -> F32:
    """(P,) rate * sigma * sum of log-rank utility * sign * eps: the natural-gradient step of the mean.

    Source: Wierstra et al. 2014, JMLR 15 (canonical rate 1).
    """
    utility_m = kernels.log_rank_utilities(fitness_m, failed_m)
    pair_k = utility_m[0::2] - utility_m[1::2]
    rows = np.arange(pair_k.size, dtype=np.uint32)
    return np.float32(rate * sigma) * kernels.gradient(key, rows, pair_k, size)


def calibrated_sigma(spread_of: Callable[[float], float], target: float) -> float:
    """The sigma at which `spread_of(sigma)`, growing in sigma, reaches `target`: bisection on ln sigma in [1e-8, 1e2].

    The outputs saturate, so a spread that is never reached gives the largest sigma.
    """
    low, high = math.log(1e-8), math.log(1e2)
    for _ in range(2 * BISECTIONS):
        middle = (low + high) / 2.0
        if spread_of(math.exp(middle)) < target:
            low = middle
        else:
            high = middle
    return math.exp(high)


def bounded_step(step: F32, move_of: Callable[[F32], float], largest: float) -> F32:
    """`step`, halved until `move_of(step)` is at most `largest`; zeros if it never is."""
    for _ in range(BISECTIONS):
        if move_of(step) <= largest:
            return step
        step = step * np.float32(0.5)
    return np.zeros_like(step)
