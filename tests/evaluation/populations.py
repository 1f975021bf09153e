"""Populations by hand, and batches compared bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from bierl_fast.messages import F32, EvaluationBatch, Hyperparameters, NoiseKey, Population, Stream


def population(
    theta: F32, rows: int = 8, sigma: float = 0.1, key: NoiseKey | None = None, **changes: Any
) -> Population:
    """Antithetic pairs around theta, an episode for each pair."""
    index_r = np.arange(rows, dtype=np.int32)
    fields: dict[str, Any] = {
        "base_bp": theta[None].copy(),
        "base_r": np.zeros(rows, np.int32),
        "sigma_r": np.full(rows, sigma, np.float32),
        "noise_r": index_r // 2,
        "sign_r": (1 - 2 * (index_r % 2)).astype(np.int8),
        "candidate_r": index_r,
        "episode_r": index_r // 2,
        "hyperparameters": Hyperparameters(),
        "key": key or NoiseKey(7, 3, Stream.INNER),
    }
    return Population(**{**fields, **changes})


def arrays(batch: EvaluationBatch) -> dict[str, Any]:
    moments = {} if batch.moments is None else {n: getattr(batch.moments, n) for n in ("count_r", "mean_ro", "m2_ro")}
    names = ("returns_r", "lengths_r", "failed_r", "behaviour_rd", "entropy_r")
    return {name: getattr(batch, name) for name in names} | moments


def assert_same_bits(one: EvaluationBatch, other: EvaluationBatch, rows: slice | Any = slice(None)) -> None:
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(array[rows], arrays(other)[name][rows], err_msg=name)
