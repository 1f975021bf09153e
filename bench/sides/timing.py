"""Measures whichever bierl_fast is imported, when asked to: one line of JSON in, one out.

    {"measure": NAME} -> {"seconds": of this repetition, "units": of work, "work": what came out}
    python timing.py [--quick]        stays until its input ends; small pieces of work, where quick

What a measure needs is made at the first request for it, and kept. The public API alone, so that any commit will do.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import bierl_fast as bf

KEY = bf.NoiseKey(run_seed=0, generation=0)
Work = Callable[[], tuple[float, Any]]  # does it once: units of work, and what came out


def digest(*arrays: Any) -> str:
    """A fingerprint of arrays."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]


def rollouts(task: str, rows: int, threads: int, *, quick: bool) -> Work:
    """Candidates of `es` around its start, on native threads; units: env steps."""
    return _evaluated(task, 4 if quick else rows, {"threads": threads})


def pool(task: str, workers: int, *, quick: bool) -> Work:
    """The same in worker processes."""
    return _evaluated(task, 4 if quick else 96, {"workers": workers, "evaluator": "pool"})


def _evaluated(task: str, rows: int, how: dict[str, Any]) -> Work:
    evaluator = bf.make_evaluator(task, hidden=(64, 64), **how)
    strategy = bf.make_strategy("es", mean=evaluator.policy.initial_parameters(seed=0), population=rows)
    population = strategy.ask(bf.Hyperparameters(sigma=0.02, learning_rate=0.02), KEY)

    def work() -> tuple[float, Any]:
        batch = evaluator.evaluate(population)
        return float(batch.steps), digest(batch.returns_r, batch.lengths_r)

    return work


def normals(*, quick: bool) -> Work:
    """Normals of a row; units: normals."""
    out = np.empty(1 << (16 if quick else 23), np.float32)

    def work() -> tuple[float, Any]:
        bf.kernels.normals(KEY, 0, out.size, out=out)
        return float(out.size), digest(out[:1000])

    return work


def perturb(*, quick: bool) -> Work:
    """Parameters of a candidate; units: parameters."""
    theta = np.linspace(-1.0, 1.0, 1 << (16 if quick else 23), dtype=np.float32)
    out = np.empty_like(theta)

    def work() -> tuple[float, Any]:
        bf.kernels.perturb(theta, 0.02, KEY, 3, -1, out=out)
        return float(theta.size), digest(out[:1000])

    return work


def gradient(*, quick: bool) -> Work:
    """The weighted sum of rows of noise; units: normals."""
    count, rows = 1 << (12 if quick else 18), np.arange(64, dtype=np.uint32)
    weights = np.linspace(-1.0, 1.0, rows.size, dtype=np.float32)

    def work() -> tuple[float, Any]:
        return float(count * rows.size), digest(bf.kernels.gradient(KEY, rows, weights, count))

    return work


def train(meta: str, threads: int, *, quick: bool) -> Work:
    """A whole run with its files; units: env steps, inner and meta."""
    learning = {
        "meta_candidates": 2,
        "meta_pairs": 1,
        "meta_interval": 1,
        "meta_budget": 0.7,
    }  # an update, though short
    config = bf.Config(
        task="HalfCheetah-v5",
        strategy="es",
        meta=meta,
        threads=threads,
        generations=2 if quick else 12,
        population=4 if quick else 32,
        episode_cap=50 if quick else 200,
        **(learning if meta != "none" else {}),
    )

    def work() -> tuple[float, Any]:
        with tempfile.TemporaryDirectory() as folder:
            result = bf.train(config, Path(folder) / "run")
        last = result.metrics[-1]
        return float(last["env_steps"]), [last["mean_return"], last["meta_updates"], digest(result.parameters)]

    return work


MEASURES: dict[str, Callable[..., Work]] = {
    "rollouts HalfCheetah-v5": partial(rollouts, "HalfCheetah-v5", 32, 1),
    "rollouts Hopper-v5": partial(rollouts, "Hopper-v5", 256, 1),
    "rollouts HalfCheetah-v5, 2 threads": partial(rollouts, "HalfCheetah-v5", 32, 2),
    "noise normals": normals,
    "noise perturb": perturb,
    "noise gradient": gradient,
    "pool LunarLanderContinuous-v3": partial(pool, "LunarLanderContinuous-v3", 2),
    "train none": partial(train, "none", 2),
    "train lstm": partial(train, "lstm", 2),
}


def main() -> int:
    """Command line."""
    quick = "--quick" in sys.argv
    print(json.dumps({"package": str(Path(bf.__file__).parent)}), flush=True)
    made: dict[str, Work] = {}
    for line in sys.stdin:
        name = json.loads(line)["measure"]
        if name not in made:
            made[name] = MEASURES[name](quick=quick)
        start = time.perf_counter()
        units, out = made[name]()
        print(json.dumps({"seconds": time.perf_counter() - start, "units": units, "work": out}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
