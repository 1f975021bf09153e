"""What whole inner runs of M generators on one problem are worth beside each other, whatever the task's scale.

(M, T) returns of the centre -> fitness (M,)
"""

from __future__ import annotations

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F64

CLOSING = 0.2  # of a run: the generations that count as its end


def ranked(value_mt: F64) -> F64:
    """(M,) centred ranks among M, in [-1/2, 1/2]: mean over generations, weighted by their number; -inf ranks last."""
    count, length = value_mt.shape
    weight_t = np.arange(1, length + 1) / (length * (length + 1) / 2.0)
    total = np.zeros(count)
    for t in range(length):
        total += weight_t[t] * count * _ranks(value_mt[:, t])
    return total


def closing(value_mt: F64) -> F64:
    """(M,) mean over the last generations; -inf of a run that failed."""
    return np.asarray(value_mt[:, -max(1, int(CLOSING * value_mt.shape[1])) :].mean(axis=1), np.float64)


def gained(end_m: F64, start: float, best: float) -> F64:
    """(M,) what each run gained, in units of what was to be gained: from -1 to 1.5; -1 of a run that failed.

    Zeros where there was nothing to gain.
    """
    if not (np.isfinite(best - start) and best > start):
        return np.zeros(end_m.size)
    share_m = np.full(end_m.size, -1.0)
    finite_m = np.isfinite(end_m)
    share_m[finite_m] = np.clip((end_m[finite_m] - start) / (best - start), -1.0, 1.5)
    return share_m


def whole(value_mt: F64) -> F64:
    """(M,) by where a run ended, and by all of the way there: to hurry at first is worth little by itself.

    The end counts by rank, and by what was gained of what the best of them did: ranks do not tell a run that was lost
    from one that was a little worse.
    """
    end_m = closing(value_mt)
    finite = end_m[np.isfinite(end_m)]
    share_m = gained(end_m, float(value_mt[:, 0].max()), float(finite.max())) if finite.size else np.zeros(end_m.size)
    return ranked(value_mt) + end_m.size * _ranks(end_m) + share_m


def _ranks(value_m: F64) -> F64:
    """(M,) centred ranks over M, summing to 0; all 0 where every value failed."""
    failed_m = ~np.isfinite(value_m)
    if failed_m.all():
        return np.zeros(value_m.size)
    shaped = kernels.centered_rank_utilities(np.ascontiguousarray(value_m), failed_m)
    return np.asarray(shaped, np.float64)
