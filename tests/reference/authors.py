"""What the BiERL authors' code computes, from its formulas in float64 and with our noise by address."""

from __future__ import annotations

import math

import numpy as np
from reference import noise
from reference.shaping import log_rank_best_of_ties

from bierl_fast.messages import F64, Population

FROZEN = 40


def direction(population: Population, weight_n: F64) -> F64:
    """Sum over candidates of weight * sign * eps; a candidate is one row here."""
    size = population.base_bp.shape[1]
    total = np.zeros(size)
    for row, weight in enumerate(weight_n):
        eps = noise.normals(population.key, int(population.noise_r[row]), size).astype(np.float64)
        total += weight * float(population.sign_r[row]) * eps
    return total


def vanilla_step(population: Population, fitness_n: F64, learning_rate: float, full: bool = True) -> F64:
    """Vanilla ES: learning_rate / (40 sigma) * sum of u eps, u the full log ranks, ties at their best rank."""
    weight_n = log_rank_best_of_ties(fitness_n, np.zeros(fitness_n.size, np.bool_), full)
    return learning_rate / (FROZEN * float(population.sigma_r[0])) * direction(population, weight_n)


def novelty(behaviour_qd: F64, archive_nd: F64, k: int) -> F64:
    """Sum of the distances to the k nearest over the Frobenius norm of the archive."""
    distance_qn = np.sqrt(((behaviour_qd[:, None, :] - archive_nd[None, :, :]) ** 2).sum(axis=2))
    nearest_qk = np.sort(distance_qn, axis=1)[:, :k]
    total_q: F64 = nearest_qk.sum(axis=1) / math.sqrt(float((archive_nd**2).sum()))
    return total_q


def differential_entropy(log_std_a: F64) -> float:
    """Of independent normals with these log standard deviations, in nats."""
    return math.fsum(0.5 + 0.5 * math.log(2.0 * math.pi) + float(log_std) for log_std in log_std_a)


def mutation_growth(returns_n: F64, learning_rate: float, sigma: float, candidates: int, clip: float) -> float:
    """learning_rate / (candidates sigma) * smooth L1 of best and mean return, from 0 to the clip."""
    lead = float(returns_n.max() - returns_n.mean())
    loss = lead**2 / 2 if lead < 1 else lead - 0.5
    return min(max(learning_rate / (candidates * sigma) * loss, 0.0), clip)
