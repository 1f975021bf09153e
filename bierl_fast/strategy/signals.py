"""What one generation says of sigma and of the step, whatever the task's scale and the number of parameters.

Population, returns (N,), |update| -> odd_share, step_ratio -> StrategyReport
"""

from __future__ import annotations

import math

import numpy as np

from bierl_fast.finite import exponent, scaled
from bierl_fast.messages import F32, F64, Bool, Population


def odd_share(population: Population, first_row_n: np.ndarray, returns_n: F64, failed_n: Bool) -> float:
    """How much of antithetic candidates' returns changes sign with the noise: (odd - even) / (odd + even).

    odd is the mean square of (F+ - F-) / 2, even the variance of (F+ + F-) / 2. In [-1, 1]: 1 where the return is
    linear over the candidates' reach (sigma may be small), near 0 where it bends as much as it slopes or where noise
    rules, -1 where a pair's two returns differ by nothing. NaN without antithetic pairs, or fewer than two of them.

    Args:
        population: what was asked.
        first_row_n: (N,) each candidate's first row.
        returns_n: (N,) of candidates 2i and 2i + 1, which are a pair.
        failed_n: (N,) pairs with a failed candidate are left out, as are candidates without noise.
    """
    sign_n, noise_n = population.sign_r[first_row_n], population.noise_r[first_row_n]
    if sign_n.size % 2 or not ((sign_n[0::2] == -sign_n[1::2]) & (noise_n[0::2] == noise_n[1::2])).all():
        return math.nan
    whole_k = ~(failed_n[0::2] | failed_n[1::2]) & (sign_n[0::2] != 0)
    if whole_k.sum() < 2:
        return math.nan
    plus_k, minus_k = returns_n[0::2][whole_k], returns_n[1::2][whole_k]
    largest = max(float(np.abs(plus_k).max()), float(np.abs(minus_k).max())) or 1.0  # squares stay finite
    powers = exponent(largest)
    plus_k, minus_k, largest = scaled(plus_k, powers), scaled(minus_k, powers), math.ldexp(largest, -powers)
    odd = float(np.square((plus_k - minus_k) / largest / 2).mean())
    even = float(np.var((plus_k + minus_k) / largest / 2))
    return (odd - even) / (odd + even) if odd + even > 0.0 else math.nan


def noise_std(population: Population, first_row_n: np.ndarray) -> float:
    """Root mean square, over candidates and parameters, of how far a candidate lies from the middle of them all.

    sigma where all are drawn around one centre alike; where a strategy shapes its noise itself (a covariance matrix,
    a standard deviation for each parameter, candidates of several kinds) it is what sigma has become.
    """
    base_n = population.base_r[first_row_n]
    noise_n = population.sigma_r[first_row_n].astype(np.float64) * (population.sign_r[first_row_n] != 0)
    if population.scale_bp is not None:
        square_b = [float(np.square(scale_p, dtype=np.float64).mean()) for scale_p in population.scale_bp]
        noise_n = noise_n * np.sqrt(np.array(square_b)[base_n])
    return math.sqrt(float(np.square(noise_n).mean()) + _variance(population.base_bp, base_n))


def _variance(base_bp: F32, base_n: np.ndarray) -> float:
    """Mean over parameters of the variance over candidates of the vectors that they are drawn around."""
    count_b = np.bincount(base_n, minlength=base_bp.shape[0])
    used = np.flatnonzero(count_b)
    if used.size == 1:
        return 0.0
    middle_p = sum(count_b[b] / base_n.size * base_bp[b].astype(np.float64) for b in used)
    return float(sum(count_b[b] / base_n.size * np.square(base_bp[b] - middle_p).mean() for b in used))


def step_ratio(population: Population, update_norm: float) -> float:
    """|update| over the expected length of a candidate's noise, sigma * sqrt(P); NaN where there is no noise."""
    noise = float(population.sigma_r[0]) * math.sqrt(population.base_bp.shape[1])
    return update_norm / noise if noise > 0.0 and population.sign_r.any() else math.nan


def length(vector_p: np.ndarray) -> float:
    """Euclidean, in double precision; not linalg.norm, whose sum BLAS may share out over threads."""
    return math.sqrt(float(np.square(vector_p, dtype=np.float64).sum()))
