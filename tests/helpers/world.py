"""A world for meta-levels: the sphere as a recording evaluator, and a history of made-up generations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from helpers import sphere

from bierl_fast.messages import (
    F32,
    Arrays,
    EvaluatedGeneration,
    EvaluationBatch,
    GenerationReport,
    Hyperparameters,
    NoiseKey,
    Population,
    StrategyReport,
)
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.schedule import ScheduleSettings
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings
from bierl_fast.meta.table import MetaParts, make_meta
from bierl_fast.strategy.es import EvolutionStrategy

HP = Hyperparameters(sigma=0.05, learning_rate=0.1)
RANGES = {"sigma": Range(0.0005, 5.0), "learning_rate": Range(0.001, 10.0)}
KEY = NoiseKey(5, 9)


class Evaluator:
    """The sphere. `failing` rows fail; `noise` adds a made-up part to each return; `lost` steps were run again."""

    def __init__(self, failing: tuple[int, ...] = (), noise: int | None = None, lost: int = 0) -> None:
        self.asked: list[Population] = []
        self._failing = failing
        self._lost = lost
        self._rng = None if noise is None else np.random.default_rng(noise)

    @property
    def policy(self) -> Any:
        raise AssertionError("a meta-level has no business with the policy")

    def evaluate(self, population: Population) -> EvaluationBatch:
        self.asked.append(population)
        batch = sphere.evaluate(population, self._failing)
        if self._rng is not None:
            batch.returns_r[:] = 1e3 * self._rng.standard_cauchy(population.rows)
        return replace(batch, lost_steps=self._lost)

    def absorb(self, batch: EvaluationBatch) -> None:
        raise AssertionError("meta rows must not reach the observation statistics")

    def parameters(self, population: Population, row: int) -> F32:
        return sphere.parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        return int(population.episode_r[row])

    def state(self) -> Arrays:
        return {}

    def load(self, arrays: Arrays) -> None:
        raise AssertionError("a meta-level must not load an evaluator")

    def close(self) -> None:
        raise AssertionError("a meta-level must not close an evaluator")


def strategy(episodes_per_candidate: int = 1) -> EvolutionStrategy:
    """After a few generations, so that its optimizer has a state to spoil."""
    made = EvolutionStrategy(
        mean=np.zeros(sphere.P, np.float32),
        population=8,
        center_episodes=1,
        episodes_per_candidate=episodes_per_candidate,
    )
    sphere.train(made, HP, range(3))
    return made


def evaluated() -> EvaluatedGeneration:
    """The generation that the strategy of this world would learn from next."""
    inner = strategy()
    population = inner.ask(HP, KEY)
    return EvaluatedGeneration(population, sphere.evaluate(population), inner.state())


def report(generation: int, hp: Hyperparameters = HP, population: int = 12, steps: int = 10) -> GenerationReport:
    rng = np.random.default_rng(generation)
    returns_n = rng.normal(generation, 2.0, population)
    told = StrategyReport(
        mean_return=float(returns_n.mean()),
        max_return=float(returns_n.max()),
        center_return=generation + 0.1,
        returns_n=returns_n,
        failed_n=np.zeros(population, np.bool_),
        update_norm=0.1,
        longest_episode=steps,
    )
    return GenerationReport(generation, population * steps, told, hp)


def history(generations: int = 6, ranges: dict[str, Range] | None = None) -> History:
    made = History(length=4, quantiles=8, ranges=RANGES if ranges is None else ranges)
    for generation in range(generations):
        made.append(report(generation))
    return made


def meta(name: str = "lstm", past: History | None = None, seed: int = 0, **settings: Any) -> MetaLevel:
    if name == "bo":
        settings.setdefault("candidates", 2)  # Optuna takes a tenth of a second for each but the first
    parts = MetaParts(
        HP,
        past or history(0),
        MetaSettings(**settings),
        GeneratorSettings(encoder_size=8, generator_hidden=8),
        own=ScheduleSettings(horizon=20) if name == "schedule" else None,
        seed=seed,
    )
    return make_meta(name, parts)


def state_bytes(arrays: Arrays) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in arrays.items()}
