"""The slow twins of csrc/bierl/core/shaping.hpp, from the formulas in float64."""

from __future__ import annotations

import math

import numpy as np

from bierl_fast.messages import F64, Bool


def _ranked(value_n: list[float]) -> list[list[int]]:
    """Candidates in groups of equal value, the best group first."""
    return [[i for i, v in enumerate(value_n) if v == level] for level in sorted(set(value_n), reverse=True)]


def _by_rank(utility_by_rank: list[float], fitness_n: F64, failed_n: Bool) -> F64:
    value_n = [-math.inf if failed else float(f) for f, failed in zip(fitness_n, failed_n, strict=True)]
    weight_n = np.zeros(len(value_n))
    rank = 0
    for group in _ranked(value_n):
        weight_n[group] = math.fsum(utility_by_rank[rank : rank + len(group)]) / len(group)
        rank += len(group)
    return weight_n


def log_rank(fitness_n: F64, failed_n: Bool, full: bool = False) -> F64:
    """Wierstra et al. 2014: max(0, ln(N/2+1) - ln r) / sum - 1/N, r = 1 the best; ln(N+1) where full."""
    n = len(fitness_n)
    raw = [max(0.0, math.log((n if full else n / 2) + 1) - math.log(r)) for r in range(1, n + 1)]
    return _by_rank([u / math.fsum(raw) - 1 / n for u in raw], fitness_n, failed_n)


def log_rank_best_of_ties(fitness_n: F64, failed_n: Bool, full: bool = False) -> F64:
    """As log_rank, r of each candidate the number of better ones plus 1; the failed share the ranks that are left."""
    n, alive = len(fitness_n), fitness_n[~failed_n]
    cut = math.log((n if full else n / 2) + 1)
    last = [max(0.0, cut - math.log(r)) for r in range(alive.size + 1, n + 1)]
    raw_n = np.array(
        [
            math.fsum(last) / len(last) if failed else max(0.0, cut - math.log(1 + int((alive > value).sum())))
            for value, failed in zip(fitness_n, failed_n, strict=True)
        ]
    )
    weight_n: F64 = raw_n / math.fsum(raw_n) - 1 / n
    return weight_n


def centered_rank(fitness_n: F64, failed_n: Bool) -> F64:
    """Salimans et al. 2017: ((N - r) / (N - 1) - 1/2) / N."""
    n = len(fitness_n)
    return _by_rank([((n - r) / (n - 1) - 0.5) / n for r in range(1, n + 1)], fitness_n, failed_n)


def _failures_smallest(fitness_n: F64, failed_n: Bool) -> F64:
    return np.where(failed_n, fitness_n[~failed_n].min(), fitness_n)


def raw(fitness_n: F64, failed_n: Bool) -> F64:
    """(F - mean F) / N."""
    filled_n = _failures_smallest(fitness_n, failed_n)
    weight_n: F64 = (filled_n - filled_n.mean()) / filled_n.size
    return weight_n


def standardized(fitness_n: F64, failed_n: Bool, top: int) -> F64:
    """Mania et al. 2018, algorithm 2: the `top` pairs by their better half keep F / (top * s)."""
    pair_k2 = _failures_smallest(fitness_n, failed_n).reshape(-1, 2)
    kept = sorted(range(len(pair_k2)), key=lambda k: (-pair_k2[k].max(), k))[:top]
    spread = pair_k2[kept].std()
    weight_k2 = np.zeros_like(pair_k2)
    if spread > 0.0:
        weight_k2[kept] = pair_k2[kept] / (top * spread)
    return weight_k2.reshape(-1)
