"""Populations by hand, good ones and bad ones, and batches compared bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import F32, EvaluationBatch, Hyperparameters, NoiseKey, Population, Stream

SMALL: dict[str, Any] = {"hidden": (8,), "episode_cap": 60}  # options of an evaluator


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


def assert_same_bits_of_returns(one: EvaluationBatch, other: EvaluationBatch) -> None:
    np.testing.assert_array_equal(one.returns_r, other.returns_r)
    np.testing.assert_array_equal(one.failed_r, other.failed_r)


def start(evaluator: Evaluator, seed: int = 0) -> F32:
    return evaluator.policy.initial_parameters(seed)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"base_r": np.ones(4, np.int32)}, ValueError, "row 0 of the population: base 1 of 1"),
    ({"base_r": np.array([0, 0, -1, 0], np.int32)}, ValueError, "row 2 of the population: base -1 of 1"),
    (
        {"sigma_r": np.full(4, np.nan, np.float32)},
        ValueError,
        "row 0 .* sigma must be finite and not negative, got nan",
    ),
    ({"sigma_r": np.full(4, -1, np.float32)}, ValueError, "sigma must be finite and not negative, got -1"),
    ({"sigma_r": np.ones(4)}, TypeError, "sigma_r must be a C-contiguous float32 array of .* got dtype float64"),
    ({"sigma_r": np.ones(3, np.float32)}, ValueError, r"sigma_r must be .* of shape \(4,\), got shape \(3,\)"),
    ({"sigma_r": [0.1] * 4}, TypeError, r"sigma_r must be a numpy array, got (list|\[0.1, 0.1, 0.1, 0.1\])$"),
    ({"sign_r": np.full(4, 2, np.int8)}, ValueError, "sign must be -1, 0 or 1, got 2"),
    ({"sign_r": np.ones(4, np.int64)}, TypeError, "sign_r must be a C-contiguous int8 array"),
    ({"noise_r": np.full(4, -1, np.int32)}, ValueError, "noise and episode must not be negative"),
    ({"episode_r": np.full(4, -1, np.int32)}, ValueError, "noise and episode must not be negative"),
    ({"episode_r": np.zeros(8, np.int32)[::2]}, ValueError, "episode_r must be .* other strides"),
    (
        {"base_bp": np.zeros((1, 5), np.float32)},
        ValueError,
        r"base_bp must be a C-contiguous float32 array of shape \(1, \d+\), got shape \(1, 5\)",
    ),
    (
        {"base_bp": np.zeros(5, np.float32)},
        ValueError,
        r"base_bp must be .* array of shape \(5, \d+\), got shape \(5,\)",
    ),
    ({"scale_bp": np.ones((1, 5), np.float32)}, ValueError, r"scale_bp must be .* got shape \(1, 5\)"),
    (
        {"key": None},
        TypeError,
        r"key must be a (bierl_fast.NoiseKey, got NoneType|NoiseKey \(bf.NoiseKey.*\), got None)$",
    ),
]
