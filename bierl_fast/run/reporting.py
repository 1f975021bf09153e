"""Reporting evaluations: how good is this policy, on episodes that no training reads.

(P,) parameters, NoiseKey -> reporting_population -> Evaluator -> EvaluationBatch -> summary -> {name: number}
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bierl_fast import finite
from bierl_fast.messages import F32, EvaluationBatch, Hyperparameters, NoiseKey, Population, Stream


def reporting_population(parameters: F32, episodes: int, key: NoiseKey) -> Population:
    """`episodes` rows of the same parameters, each with a reset stream of its own; no noise, and whole episodes.

    Args:
        parameters: (P,) what every row runs.
        episodes: how many rows, at least 1.
        key: whose run and which generation; put into the evaluation stream.
    """
    zeros_r = np.zeros(episodes, dtype=np.int32)
    return Population(
        base_bp=np.ascontiguousarray(parameters[None, :], dtype=np.float32),
        base_r=zeros_r,
        sigma_r=np.zeros(episodes, dtype=np.float32),
        noise_r=zeros_r,
        sign_r=np.zeros(episodes, dtype=np.int8),
        candidate_r=zeros_r,
        episode_r=np.arange(episodes, dtype=np.int32),
        hyperparameters=Hyperparameters(),
        key=key.with_stream(Stream.EVALUATION),
        whole=True,
    )


def achieved(found: dict[str, Any]) -> float | None:
    """The mean return of a summary, for comparisons; None of nothing but failed episodes, or where it is not finite."""
    mean = found["mean_return"]  # null in a record that was written and read
    counts = mean is not None and math.isfinite(mean) and found["episode_failures"] < found["episodes"]
    return mean if counts else None


def summary(batch: EvaluationBatch) -> dict[str, Any]:
    """Return statistics over a batch's rows; NaN where every one failed.

    An episode that failed counts with the lowest return of them all, its own so far among them: where steps cost, to
    break off early must not look like success.
    """
    failed_r = batch.failed_r
    returns_r = np.where(failed_r, batch.returns_r.min(), batch.returns_r) if failed_r.any() else batch.returns_r
    if failed_r.all():
        returns_r = np.full(failed_r.size, np.nan)
    return {
        "mean_return": float(finite.mean(returns_r)),
        "std_return": float(finite.std(returns_r)),
        "min_return": float(returns_r.min()),
        "max_return": float(returns_r.max()),
        "episodes": int(returns_r.size),
        "mean_length": float(batch.lengths_r.mean()),
        "steps": batch.steps,
        "episode_failures": int(failed_r.sum()),
    }


def of_each(batch: EvaluationBatch) -> dict[str, list[Any]]:
    """Return, length and whether it failed of each row, as plain numbers."""
    return {
        "returns": batch.returns_r.tolist(),
        "lengths": batch.lengths_r.tolist(),
        "failed": batch.failed_r.tolist(),
    }


def why_nothing(batch: EvaluationBatch) -> str | None:
    """Why an evaluation is no number, where every episode failed; else None."""
    if not batch.failed_r.all():
        return None
    first = batch.failure or "none has a finite return, or its simulation diverged"
    return f"all {batch.failed_r.size} episodes of the evaluation failed; {first}"
