"""Inner runs of one problem, a strategy under each generator's control, side by side.

weights (M, P_meta), Problem -> run_side_by_side -> (M, T) centres' returns
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bierl_fast.messages import (
    F32,
    F64,
    EvaluationBatch,
    GenerationReport,
    NoiseKey,
    Population,
    concatenate,
)
from bierl_fast.meta.fitness import parts
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.history import History, default_range
from bierl_fast.pretraining import linear
from bierl_fast.pretraining.plan import ADAPTED
from bierl_fast.pretraining.problem import Problem


def run_side_by_side(
    generator: Generator, weights_mp: F32, problem: Problem, history: Mapping[str, Any], fixed_order: bool = False
) -> tuple[F64, int]:
    """(M, T) return of the centre in each generation of M runs, and the env steps of all; -inf once a run has failed.

    One wide evaluation a generation serves all runs; they share noise and resets. `fixed_order`: the generator is a
    `linear` one, and gives the same bits on every CPU.
    """
    runs = [_InnerRun(problem, generator, history) for _ in weights_mp]
    value_mt = np.full((len(runs), problem.generations), -np.inf)
    steps = 0
    for t in range(problem.generations):
        alive = [m for m, run in enumerate(runs) if not run.failed]
        if not alive:
            break
        windows = np.stack([runs[m].window for m in alive])
        if fixed_order:
            raw_m = linear.raw(weights_mp[alive], windows, len(ADAPTED)).tolist()
        else:
            raw_m = generator.raw(weights_mp[alive], windows[:, None])[:, 0].tolist()
        key = NoiseKey(problem.key.run_seed, t, problem.key.stream)
        populations = [runs[m].ask(raw, key) for m, raw in zip(alive, raw_m, strict=True)]
        batch = problem.evaluator.evaluate(concatenate(populations))
        steps += batch.steps
        for m, population, own in zip(alive, populations, parts(batch, populations), strict=True):
            value_mt[m, t] = runs[m].tell(population, own, t)
    return value_mt, steps


class _InnerRun:
    """One strategy under one generator's control."""

    def __init__(self, problem: Problem, generator: Generator, history: Mapping[str, Any]) -> None:
        ranges = {name: default_range(problem.start[name], "log") for name in ADAPTED}
        self._strategy = problem.fresh()
        self._outputs = replace(generator.outputs, start=problem.start, ranges=ranges, settling=None)
        self._history = History(**history, ranges=ranges)
        self.failed = False

    @property
    def window(self) -> F32:
        return self._history.window()

    def ask(self, raw: Sequence[float], key: NoiseKey) -> Population:
        used = self._history.latest()
        wanted = self._outputs.hyperparameters(raw, used, self._history.generations)
        return self._strategy.ask(self._outputs.limited(wanted, used), key)

    def tell(self, population: Population, batch: EvaluationBatch, generation: int) -> float:
        """The centre's return before this step."""
        self.failed = bool(batch.failed_r[population.candidate_r >= 0].all())
        if self.failed:
            return -np.inf
        told = self._strategy.tell(population, batch)
        self._history.append(GenerationReport(generation, batch.steps, told, population.hyperparameters))
        self.failed = not bool(np.isfinite(self._strategy.mean).all())
        return told.center_return if np.isfinite(told.center_return) else -np.inf
