"""How sure one can be of few runs: interquartile means, bootstrap intervals, probabilities of improvement.

    strata of values -> interval -> (low, high)

A stratum is the values of one task; runs are drawn anew within each. Definitions are those of Agarwal et al. 2021
(NeurIPS, "Deep reinforcement learning at the edge of the statistical precipice", and its package rliable), for strata
of any sizes.
A percentile interval of few runs is narrow: with 3 runs it never reaches beyond the smallest and the largest.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bierl_fast import finite
from bierl_fast.messages import F64

REPETITIONS = 5_000
LEVEL = 0.95
SEED = 20_210_830  # any number would do, as long as it stays: equal runs, equal report

Statistic = Callable[..., F64]  # arrays (..., n_s), one for each stratum -> (...)


def interquartile_mean(*strata_kn: F64) -> F64:
    """Of all values together, along the last axis: the mean without the lowest and the highest quarter.

    Of n values floor(n / 4) are left out at either end, so fewer than 4 are simply averaged.
    """
    sorted_kn = np.sort(np.concatenate(strata_kn, axis=-1), axis=-1)
    cut = sorted_kn.shape[-1] // 4
    return np.asarray(finite.mean(sorted_kn[..., cut : sorted_kn.shape[-1] - cut], axis=-1))


def improvement(*pairs_kn: F64) -> F64:
    """P(X > Y) + P(X = Y) / 2 for a random run of each, averaged over strata: x_1, y_1, x_2, y_2, ...

    The Mann-Whitney statistic over the number of pairs; 0.5 is no difference.
    """
    shares = []
    for x_kn, y_km in zip(pairs_kn[::2], pairs_kn[1::2], strict=True):
        x_kn1, y_k1m = x_kn[..., :, None], y_km[..., None, :]
        shares.append((0.5 * (x_kn1 > y_k1m) + 0.5 * (x_kn1 >= y_k1m)).mean(axis=(-2, -1)))
    return np.asarray(np.mean(shares, axis=0))


def interval(statistic: Statistic, strata: Sequence[Sequence[float]], address: str) -> tuple[float, float]:
    """The percentile bootstrap interval of a statistic at LEVEL.

    Args:
        statistic: of arrays, one for each stratum, along their last axes.
        strata: values of each, at least one.
        address: what the interval is of: its randomness is named by it, so other intervals do not change this one.
    """
    random = np.random.default_rng([SEED, zlib.crc32(address.encode())])
    resampled_kn = []
    for stratum in strata:
        values_n = np.asarray(stratum, dtype=np.float64)
        resampled_kn.append(values_n[random.integers(values_n.size, size=(REPETITIONS, values_n.size))])
    # Without interpolation: a run that diverged counts as minus infinity.
    ends = [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]
    low, high = np.quantile(statistic(*resampled_kn), ends, method="inverted_cdf")
    return float(low), float(high)


def estimate(statistic: Statistic, strata: Sequence[Sequence[float]], address: str) -> dict[str, Any]:
    """A statistic with its interval: value, low, high."""
    low, high = interval(statistic, strata, address)
    value = statistic(*(np.asarray(stratum, dtype=np.float64) for stratum in strata))
    return {"value": float(value), "low": low, "high": high}
