"""The slow twin of strategy/es.py: one whole generation from the formulas, in float64, every row's noise apart."""

from __future__ import annotations

import numpy as np
from reference import noise, shaping

from bierl_fast.messages import F32, F64, Bool, EvaluationBatch, Population

State = dict[str, F64]


def candidate_values(population: Population, batch: EvaluationBatch, alive_offset: float) -> tuple[F64, Bool]:
    """Mean fitness over a candidate's episodes; failed when one of them is."""
    fitness, failed = [], []
    for candidate in range(population.candidates):
        own_r = population.candidate_r == candidate
        fitness.append(np.mean(batch.returns_r[own_r] - alive_offset * batch.lengths_r[own_r]))
        failed.append(batch.failed_r[own_r].any())
    return np.array(fitness), np.array(failed)


def weights(name: str, fitness_n: F64, failed_n: Bool, top: int) -> F64:
    if name == "standardized":
        return shaping.standardized(fitness_n, failed_n, top)
    if name == "log_rank_full":
        return shaping.log_rank(fitness_n, failed_n, full=True)
    table = {"centered_rank": shaping.centered_rank, "log_rank": shaping.log_rank, "raw": shaping.raw}
    return table[name](fitness_n, failed_n)


def direction(population: Population, weight_n: F64, name: str) -> F64:
    """Sum over candidates of weight * sign * scale * eps, over sigma for `raw`."""
    size = population.base_bp.shape[1]
    total = np.zeros(size)
    for candidate, weight in enumerate(weight_n):
        row = int(np.argmax(population.candidate_r == candidate))
        eps = noise.normals(population.key, int(population.noise_r[row]), size).astype(np.float64)
        total += weight * float(population.sign_r[row]) * eps
    if population.scale_bp is not None:
        total = total * population.scale_bp[0]
    return total / float(population.sigma_r[0]) if name == "raw" else total


def optimizer_step(name: str, state: State, g: F64, rate: float, momentum: float) -> F64:
    """The step; `state` is brought up to date in place."""
    if name == "gradient":
        return rate * g
    velocity = state.get("velocity", np.zeros_like(g))
    if name == "momentum":
        state["velocity"] = momentum * velocity + g
        return rate * state["velocity"]
    if name == "clipup":
        velocity = momentum * velocity + rate * g / np.linalg.norm(g)
        speed = np.linalg.norm(velocity)
        state["velocity"] = velocity if speed <= 2 * rate else velocity * (2 * rate / speed)
        return state["velocity"]
    t = state["t"] = state.get("t", np.zeros(1)) + 1
    first = state["m"] = momentum * state.get("m", np.zeros_like(g)) + (1 - momentum) * g
    second = state["v"] = 0.999 * state.get("v", np.zeros_like(g)) + 0.001 * g * g
    step: F64 = rate * (first / (1 - momentum**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
    return step


class EvolutionStrategy:
    """theta + optimizer(direction - weight_decay * theta)."""

    def __init__(self, mean: F32, shaping: str, optimizer: str, top: int | None = None) -> None:
        self.mean = mean.astype(np.float64)
        self._shaping, self._optimizer, self._top = shaping, optimizer, top
        self._state: State = {}

    def tell(self, population: Population, batch: EvaluationBatch) -> None:
        hp = population.hyperparameters
        fitness_n, failed_n = candidate_values(population, batch, hp["alive_offset"])
        weight_n = weights(self._shaping, fitness_n, failed_n, self._top or len(fitness_n) // 2)
        g = direction(population, weight_n, self._shaping) - hp["weight_decay"] * self.mean
        self.mean = self.mean + optimizer_step(self._optimizer, self._state, g, hp["learning_rate"], hp["momentum"])
