"""Training a generator before any run, with whole inner runs as credit.

    weights (M, P_meta), problems (K) -> M x K inner runs side by side -> rank of each centre's returns -> fitness (M,)
    -> a step of `es` on the weights

Every generator controls the same problems with the same noise, so they differ by what they do alone. Its moves do not
settle here, whatever they do in the runs that use it: in runs as short as these it would learn to freeze the small
values that serve their last generations. Returns are ranked among the M generators, generation by generation, later
ones counting more: no task's scale matters, nor how hard it is.

Sources: Metz et al. 2022, "VeLO", arXiv 2211.09760 (a distribution of tasks); Lange et al. 2023, "Discovering evolution
strategies via meta-black-box optimization", arXiv 2211.11260 (judged by whole runs of the strategy they steer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    EvaluationBatch,
    GenerationReport,
    Hyperparameters,
    NoiseKey,
    Population,
    Stream,
    concatenate,
)
from bierl_fast.meta.fitness import parts
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.history import History, default_range
from bierl_fast.pretraining.problems import DISTRIBUTIONS, Problem, sample
from bierl_fast.settings import LONG, MANY, checked_fields
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.strategy.es import EvolutionStrategy

ADAPTED = ("sigma", "learning_rate")
# By encoder, where PretrainSettings' own values do not serve best: some dozens of weights, each of which tells, bear
# more noise and longer steps than a thousand, and find in harder problems what serves there too.
SUITED: dict[str, dict[str, Any]] = {"linear": {"sigma": 0.15, "learning_rate": 0.06, "distribution": "wide"}}
CLOSING = 0.2  # of a run: the generations that a comparison with fixed hyperparameters looks at


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How a generator is trained.

    Attributes:
        horizon: rounds over which the learning rate falls.
        generators: M, in antithetic pairs.
        problems: K in each round.
        generations: lengths of inner runs to draw from.
        sigma: noise standard deviation on the weights.
        learning_rate: of Adam at the first round; it falls linearly to a tenth at the horizon, and stays there.
        weight_decay: of the weights.
        tasks: to draw problems from; empty: the distribution's own.
        seed: of everything.
        distribution: of problems; a name in problems.DISTRIBUTIONS.
    """

    horizon: int = field(default=300, metadata={"at_least": 1, "at_most": LONG})
    generators: int = field(default=20, metadata={"at_least": 2, "at_most": MANY})
    problems: int = field(default=8, metadata={"at_least": 1, "at_most": MANY})
    generations: tuple[int, ...] = field(default=(25, 50, 100), metadata={"at_least": 1, "at_most": LONG})
    sigma: float = field(default=0.1, metadata={"above": 0.0})
    learning_rate: float = field(default=0.03, metadata={"above": 0.0})
    weight_decay: float = field(default=0.002, metadata={"at_least": 0.0})
    tasks: tuple[str, ...] = ()
    seed: int = field(default=0, metadata={"at_least": 0, "at_most": 2**64 - 1})
    distribution: str = field(default="standard", metadata={"choices": tuple(DISTRIBUTIONS)})

    @classmethod
    def read(cls, made: Mapping[str, Any]) -> PretrainSettings:
        """From what a file says of its training (WarmStart.made).

        A file without a horizon was written at its planned end, or stopped before it; which one it does not say, so
        its rounds are the horizon. One without a distribution had the standard one.
        """
        values = {"horizon": made["rounds"], "distribution": "standard", **made}
        found = checked_fields(cls, {field.name: values[field.name] for field in fields(cls)}, ())
        if not found.generations:
            raise ArgumentError("generations must hold a length of inner runs, got none")
        return found

    def key(self, round_: int) -> NoiseKey:
        """The address of a round."""
        return NoiseKey(self.seed, round_, Stream.PRETRAIN)

    def rate(self, round_: int) -> float:
        """The learning rate of a round."""
        return self.learning_rate * (1.0 - 0.9 * min(1.0, round_ / self.horizon))

    def problems_of(self, round_: int, threads: int | None = 1) -> list[Problem]:
        """What a round is about; its inner runs are equally long, as far as problems.sample lets them."""
        key = self.key(round_)
        length = self.generations[int(kernels.uniform(key, self.problems) * len(self.generations))]
        return [sample(key, index, self.tasks, length, threads, self.distribution) for index in range(self.problems)]


class Pretraining:
    """A generator in training: `advance` is one round.

    Args:
        generator: relative or absolute; its outputs' names are ADAPTED.
        history: H and Q of the windows it reads.
        settings: see PretrainSettings.
        threads: of the inner runs' evaluators; None: the cores this process may use. The bits are the same.
    """

    def __init__(
        self, generator: Generator, history: tuple[int, int], settings: PretrainSettings, threads: int | None = 1
    ) -> None:
        """See the class."""
        self._threads = threads
        self._generator = generator
        self._history = history
        self._settings = settings
        self._strategy = EvolutionStrategy(
            mean=generator.initial_weights(settings.seed), population=settings.generators, shaping="centered_rank"
        )
        self.rounds = 0
        self.steps = 0  # env steps of all inner runs

    @property
    def weights(self) -> F32:
        """(P_meta,) as trained so far."""
        return self._strategy.mean

    def advance(self) -> float:
        """One round; returns the share of its problems that the trained generator ended better on than fixed values.

        That generator and the fixed values run beside the perturbed ones, and have no part in the ranking.
        """
        settings = self._settings
        hp = Hyperparameters(
            sigma=settings.sigma,
            learning_rate=settings.rate(self.rounds),
            weight_decay=settings.weight_decay,
        )
        population = self._strategy.ask(hp, settings.key(self.rounds))
        rows = [kernels.row_parameters(population, row) for row in range(population.rows)]
        weights_mp = np.stack([*rows, self.weights, np.zeros_like(self.weights)])
        fitness_m, wins = np.zeros(population.rows), 0
        problems = settings.problems_of(self.rounds, self._threads)
        for problem in problems:
            with closing(problem.evaluator):
                value_mt, steps = run_side_by_side(self._generator, weights_mp, problem, self._history)
            self.steps += steps
            fitness_m += ranked(value_mt[: population.rows])
            last = value_mt[-2:, -max(1, int(CLOSING * problem.generations)) :].mean(axis=1)
            wins += int(last[0] > last[1])
        count = population.rows
        batch = EvaluationBatch(fitness_m, np.ones(count, np.int32), np.zeros(count, np.bool_), key=population.key)
        self._strategy.tell(population, batch)
        self.rounds += 1
        return wins / len(problems)

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""
        return {**self._strategy.state(), "counts": np.array([self.rounds, self.steps], np.int64)}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when it is of another generator, or none."""
        arrays = dict(arrays)
        counts = arrays.pop("counts", np.zeros(0))
        require_arrays({"counts": counts}, {"counts": np.zeros(2, np.int64)}, whose="the training's")
        self._strategy.load(arrays)
        self.rounds, self.steps = (int(n) for n in counts)


def ranked(value_mt: F64) -> F64:
    """(M,) centred ranks among M, in [-1/2, 1/2]: mean over generations, weighted by their number; -inf ranks last."""
    failed_mt = ~np.isfinite(value_mt)
    count, length = value_mt.shape
    weight_t = np.arange(1, length + 1) / (length * (length + 1) / 2.0)
    total = np.zeros(count)
    for t in range(length):
        if not failed_mt[:, t].all():
            shaped = kernels.centered_rank_utilities(np.ascontiguousarray(value_mt[:, t]), failed_mt[:, t].copy())
            total += weight_t[t] * count * shaped.astype(np.float64)
    return total


def run_side_by_side(
    generator: Generator, weights_mp: F32, problem: Problem, history: tuple[int, int]
) -> tuple[F64, int]:
    """(M, T) return of the centre in each generation of M runs, and the env steps of all; -inf once a run has failed.

    One wide evaluation a generation serves all runs; they share noise and resets.
    """
    runs = [_InnerRun(problem, generator, history) for _ in weights_mp]
    value_mt = np.full((len(runs), problem.generations), -np.inf)
    steps = 0
    for t in range(problem.generations):
        alive = [m for m, run in enumerate(runs) if not run.failed]
        if not alive:
            break
        windows = np.stack([runs[m].window for m in alive])[:, None]
        raw_m = generator.raw(weights_mp[alive], windows)[:, 0].tolist()
        key = NoiseKey(problem.key.run_seed, t, problem.key.stream)
        populations = [runs[m].ask(raw, key) for m, raw in zip(alive, raw_m, strict=True)]
        batch = problem.evaluator.evaluate(concatenate(populations))
        steps += batch.steps
        for m, population, own in zip(alive, populations, parts(batch, populations), strict=True):
            value_mt[m, t] = runs[m].tell(population, own, t)
    return value_mt, steps


class _InnerRun:
    """One strategy under one generator's control."""

    def __init__(self, problem: Problem, generator: Generator, history: tuple[int, int]) -> None:
        ranges = {name: default_range(problem.start[name], "log") for name in ADAPTED}
        length, quantiles = history
        self._strategy = problem.fresh()
        self._outputs = replace(generator.outputs, start=problem.start, ranges=ranges, settling=None)
        self._history = History(length=length, quantiles=quantiles, ranges=ranges)
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
