"""The meta-level's own evolution strategy, over the generator's weights.

    weights -> M antithetic perturbations -> (judged elsewhere) -> log-rank weights -> a step that max_move bounds

The same kernels as the inner level: noise by address, never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, F64, Bool, NoiseKey

PROBES = 64  # antithetic, so 32 independent draws calibrate sigma: its spread is known to 1 / sqrt(2 * 32) = 12.5 %
CORRECTIONS = 8  # of sigma; the spread is nearly proportional to it, so three suffice
CLOSE_ENOUGH = 0.01  # relative error of the spread at which calibration ends
BLOCK_BYTES = 1 << 26  # of perturbed weights held at once
HALVINGS = 20  # of a step that moves too far
FIRST_SIGMA = 0.1
LARGEST_SIGMA = 10.0  # weights are of order one; more overwrites the network


def perturbed(weights: F32, sigma: float, key: NoiseKey, candidates: int, first_row: int = 0) -> Iterator[F32]:
    """Antithetic pairs (2i, 2i+1) around weights (P,), block by block (m, P) of at most BLOCK_BYTES or one pair.

    The memory of a block is used again for the next one: with P = 5 million nobody holds M copies.
    """
    rows = min(max(2, BLOCK_BYTES // weights.nbytes // 2 * 2), candidates)
    out = np.empty((rows, weights.size), np.float32)
    for start in range(0, candidates, rows):
        block = out[: candidates - start]
        for m, row in enumerate(block, start):
            kernels.perturb(weights, sigma, key, first_row + m // 2, 1 - 2 * (m % 2), out=row)
        yield block


def ascent_step(fitness_m: F64, failed_m: Bool, sigma: float, rate: float, key: NoiseKey, size: int) -> F32:
    """(P,) rate * sigma * sum of log-rank utility * sign * eps: the natural-gradient step of the mean.

    Source: Wierstra et al. 2014, JMLR 15 (canonical rate 1).
    """
    utility_m = kernels.log_rank_utilities(fitness_m, failed_m)
    pair_k = utility_m[0::2] - utility_m[1::2]
    rows = np.arange(pair_k.size, dtype=np.uint32)
    return np.float32(rate * sigma) * kernels.gradient(key, rows, pair_k, size)


def calibrated_sigma(spread_of: Callable[[float], float], target: float) -> float:
    """The sigma at which `spread_of(sigma)` is `target`: nearly proportional, so scale and repeat.

    Outputs saturate at the ends of their ranges; a target that is never reached gives the largest sigma, no error.
    """
    sigma = FIRST_SIGMA
    for _ in range(CORRECTIONS):
        spread = spread_of(sigma)
        if abs(spread - target) <= CLOSE_ENOUGH * target:
            break
        sigma *= min(max(target / spread, 0.1), 10.0) if spread > 0.0 else 10.0
    return min(sigma, LARGEST_SIGMA)


def bounded_step(step: F32, move_of: Callable[[F32], float], largest: float) -> F32:
    """`step`, halved until `move_of(step)` is at most `largest`; zeros if it never is."""
    for _ in range(HALVINGS):
        if move_of(step) <= largest:
            return step
        step = step * np.float32(0.5)
    return np.zeros_like(step)
