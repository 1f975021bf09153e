"""Small stand-ins for a run's parts: honest to their protocols, quick, and deterministic.

The "task" is a parabola with its top at 1 in every parameter; an episode of row r lasts 10 + r % 3 steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from bierl_fast.config import resolve
from bierl_fast.config.auto import decided
from bierl_fast.config.config import Config
from bierl_fast.messages import (
    F32,
    Arrays,
    EvaluatedGeneration,
    EvaluationBatch,
    GenerationReport,
    Hyperparameters,
    HyperparameterSpec,
    MetaReport,
    NoiseKey,
    Population,
    StrategyReport,
    Stream,
)
from bierl_fast.run import build
from bierl_fast.run.build import Parts

SIZE = 4


def noise(key: NoiseKey, row: int) -> F32:
    address = [key.run_seed, key.generation, int(key.stream), row]
    return np.random.default_rng(address).standard_normal(SIZE).astype(np.float32)


class FakePolicy:
    def __init__(self, task: str, parameters: F32, seen: float = 0.0) -> None:
        self.task = task
        self.task_kwargs: dict[str, Any] = {}
        self.parameters = parameters
        self.seen = seen

    def with_parameters(self, theta: F32) -> FakePolicy:
        return FakePolicy(self.task, theta.copy(), self.seen)

    def save(self, path: str | os.PathLike[str]) -> None:
        np.savez(path, task=np.array(self.task), parameters=self.parameters, seen=self.seen)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *_: object) -> FakePolicy:
        with np.load(path, allow_pickle=False) as file:
            return cls(str(file["task"]), file["parameters"], float(file["seen"]))


class FakeEvaluator:
    def __init__(self, policy: FakePolicy) -> None:
        self.policy = policy
        self.before: Callable[[Population], None] = lambda _: None
        self.steps: dict[Stream, int] = dict.fromkeys(Stream, 0)

    def evaluate(self, population: Population) -> EvaluationBatch:
        self.before(population)
        theta_rp = np.stack([self.parameters(population, row) for row in range(population.rows)])
        lengths_r = (10 + np.arange(population.rows) % 3).astype(np.int32)
        batch = EvaluationBatch(
            returns_r=-((theta_rp - 1.0) ** 2).sum(axis=1).astype(np.float64),
            lengths_r=lengths_r,
            failed_r=np.zeros(population.rows, dtype=np.bool_),
            key=population.key,
        )
        self.steps[population.key.stream] += batch.steps
        return batch

    def absorb(self, batch: EvaluationBatch) -> None:
        self.policy = FakePolicy(self.policy.task, self.policy.parameters, self.policy.seen + batch.steps)

    def parameters(self, population: Population, row: int) -> F32:
        scale = np.float32(population.sign_r[row] * population.sigma_r[row])
        base_p: F32 = population.base_bp[population.base_r[row]]
        theta_p: F32 = base_p + scale * noise(population.key, int(population.noise_r[row]))
        return theta_p

    def reset_seed(self, population: Population, row: int) -> int:
        return int(population.episode_r[row])

    def state(self) -> Arrays:
        return {"seen": np.array(self.policy.seen)}

    def load(self, arrays: Arrays) -> None:
        self.policy = FakePolicy(self.policy.task, self.policy.parameters, float(arrays["seen"]))

    def close(self) -> None:
        pass


class FakeStrategy:
    declared: Mapping[str, HyperparameterSpec] = {
        "sigma": HyperparameterSpec(default=0.1),
        "learning_rate": HyperparameterSpec(default=0.05),
        "momentum": HyperparameterSpec(default=0.9, scale="linear", adaptable=False),
    }

    def __init__(self, mean: F32, population: int) -> None:
        self._mean = mean
        self._velocity = np.zeros_like(mean)
        self._population = population

    @property
    def mean(self) -> F32:
        return self._mean.copy()

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        count = candidates or self._population
        row_r = np.arange(count, dtype=np.int32)
        return Population(
            base_bp=self.mean[None, :],
            base_r=np.zeros(count, dtype=np.int32),
            sigma_r=np.full(count, hp.sigma, dtype=np.float32),
            noise_r=row_r // 2,
            sign_r=np.where(row_r % 2, -1, 1).astype(np.int8),
            candidate_r=row_r,
            episode_r=row_r // 2,
            hyperparameters=hp,
            key=key,
        )

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        hp = hp or population.hyperparameters
        return self._mean + np.float32(hp.learning_rate) * self._direction(population, batch)

    def _direction(self, population: Population, batch: EvaluationBatch) -> F32:
        weight_r = batch.returns_r - batch.returns_r.mean()
        eps_rp = np.stack([noise(population.key, int(row)) for row in population.noise_r])
        direction_p: F32 = ((weight_r * population.sign_r) @ eps_rp).astype(np.float32)
        return direction_p

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        before = self.mean
        hp = population.hyperparameters
        self._velocity = np.float32(hp.momentum) * self._velocity + self._direction(population, batch)
        self._mean = self._mean + np.float32(hp.learning_rate) * self._velocity
        return StrategyReport(
            mean_return=float(batch.returns_r.mean()),
            max_return=float(batch.returns_r.max()),
            center_return=float("nan"),
            returns_n=batch.returns_r,
            failed_n=batch.failed_r,
            update_norm=float(np.linalg.norm(self._mean - before)),
            longest_episode=int(batch.lengths_r.max()),
        )

    def state(self) -> Arrays:
        return {"mean": self._mean.copy(), "velocity": self._velocity.copy()}

    def load(self, arrays: Arrays) -> None:
        self._mean = np.asarray(arrays["mean"], dtype=np.float32)
        self._velocity = np.asarray(arrays["velocity"], dtype=np.float32)


class FakeHistory:
    def __init__(self) -> None:
        self.count = 0

    def append(self, report: GenerationReport) -> None:
        self.count += 1

    def state(self) -> Arrays:
        return {"count": np.array(self.count)}

    def load(self, arrays: Arrays) -> None:
        self.count = int(arrays["count"])


class FakeMeta:
    """Every third generation: evaluates 4 candidates and multiplies sigma by 0.9."""

    reads_generation = False

    def __init__(self, hyperparameters: Hyperparameters, learned: bool) -> None:
        self.hyperparameters = hyperparameters
        self.learned = learned
        self.before_due: Callable[[], None] = lambda: None

    def propose(self, history: FakeHistory, center: int = 0) -> Hyperparameters:
        return self.hyperparameters

    def for_step(
        self,
        strategy: FakeStrategy,
        population: Population,
        batch: EvaluationBatch,
        history: FakeHistory,
        center: int = 0,
    ) -> Hyperparameters:
        return population.hyperparameters

    def due(self, history: FakeHistory, inner_steps: int, meta_steps: int) -> bool:
        self.before_due()
        return self.learned and history.count % 3 == 0

    def improve(
        self,
        strategy: FakeStrategy,
        evaluator: FakeEvaluator,
        history: FakeHistory,
        key: NoiseKey,
        generation: EvaluatedGeneration | None = None,
    ) -> MetaReport:
        assert generation is None  # it does not read them
        assert key.stream is Stream.META
        batch = evaluator.evaluate(strategy.ask(self.hyperparameters, key, candidates=4))
        self.hyperparameters = self.hyperparameters.replace(sigma=self.hyperparameters.sigma * 0.9)
        return MetaReport(steps=batch.steps, failures=1, diagnostics={"best": float(batch.returns_r.max())})

    def state(self) -> Arrays:
        return {"sigma": np.array(self.hyperparameters.sigma)}

    def load(self, arrays: Arrays) -> None:
        self.hyperparameters = self.hyperparameters.replace(sigma=float(arrays["sigma"]))


class Fakes:
    """Builds runs out of fakes and keeps the parts it built last; `on_build` sees them first."""

    def __init__(self) -> None:
        self.on_build: Callable[[Any], None] = lambda _: None
        self.last: Any = None

    def make_parts(self, config: Config, warm_start: object = None) -> Parts:
        mean = np.random.default_rng(config.seed).standard_normal(SIZE).astype(np.float32)
        strategy: Any = FakeStrategy(mean, config.population)
        config = resolve.resolved(resolve.with_meta_settings(decided(config, None)), strategy.declared)
        resolve.adapted_ranges(config, strategy.declared)
        evaluator: Any = FakeEvaluator(FakePolicy(config.task_name, mean))
        meta: Any = FakeMeta(resolve.configured(config, strategy.declared), config.learned)
        history: Any = FakeHistory()
        parts = Parts(config, strategy, evaluator, meta, history)
        self.last = parts
        self.on_build(parts)
        return parts

    @staticmethod
    def evaluator_of(policy: Any, threads: int | None = None, **_: Any) -> Any:
        return FakeEvaluator(policy)


@pytest.fixture(name="fakes")
def fakes_fixture(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """Runs are built out of fakes."""
    fakes = Fakes()
    monkeypatch.setattr(build, "make_parts", fakes.make_parts)
    monkeypatch.setattr(build, "evaluator_of", fakes.evaluator_of)
    monkeypatch.setattr(build, "load_policy", FakePolicy.load)
    return fakes
