"""The slow twin of csrc/bierl/core/functions.cpp: the test functions, their rotation and their shift, in NumPy."""

from __future__ import annotations

from functools import cache

import numpy as np
from reference import noise

from bierl_fast.messages import F32, F64, NoiseKey, Stream


def quadratic(z: F64, condition: float = 1.0) -> float:
    exponents = np.arange(z.size) / max(1, z.size - 1)
    return float(np.sum(condition**exponents * z**2))


def rosenbrock(z: F64) -> float:
    return float(np.sum(100.0 * (z[1:] - z[:-1] ** 2) ** 2 + (1.0 - z[:-1]) ** 2))


def rastrigin(z: F64) -> float:
    return float(np.sum(z**2 + 10.0 - 10.0 * np.cos(2.0 * np.pi * z)))


def ackley(z: F64) -> float:
    near = 20.0 * np.exp(-0.2 * np.sqrt(np.mean(z**2)))
    return float(20.0 - near + np.e - np.exp(np.mean(np.cos(2.0 * np.pi * z))))


FUNCTIONS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "rastrigin": rastrigin, "ackley": ackley}


def draw(seed: int, row: int, count: int, purpose: int) -> F64:
    return noise.normals(NoiseKey(seed, 0, Stream.TASK), row, count, purpose).astype(np.float64)


@cache
def rotation(dimension: int, seed: int) -> F64:
    """(P, P) H_0 H_1 ... H_{P-2} D of Stewart 1980, as a product of whole matrices."""
    product = np.eye(dimension)
    signs = np.ones(dimension)
    for k in range(dimension):
        drawn = draw(seed, k, dimension - k, noise.PURPOSE_NOISE)
        sign = -1.0 if drawn[0] < 0.0 else 1.0
        if k == dimension - 1:
            signs[k] = sign
            break
        signs[k] = -sign
        drawn[0] += sign * np.linalg.norm(drawn)
        reflection = np.eye(dimension)
        reflection[k:, k:] -= 2.0 * np.outer(drawn, drawn) / (drawn @ drawn)
        product = product @ reflection
    return product @ np.diag(signs)


def shift(dimension: int, radius: float, seed: int) -> F64:
    """(P,) of length `radius`."""
    drawn = draw(seed, 0, dimension, noise.PURPOSE_RESET)
    return np.asarray(radius * drawn / np.linalg.norm(drawn))


def placed(x: F32, rotation_seed: int | None, shift_radius: float, shift_seed: int) -> F64:
    """Q (x - s)."""
    moved = x.astype(np.float64) - shift(x.size, shift_radius, shift_seed)
    return moved if rotation_seed is None else np.asarray(rotation(x.size, rotation_seed) @ moved)
