"""Training a generator before any run, with whole inner runs as credit.

    weights (M, P_meta), problems (K) -> M x K inner runs side by side -> judging.py -> fitness (M,)
    -> a step of `es` on the weights                       now and then validation.py -> the weights that are kept

Every generator controls the same problems with the same noise, so they differ by what they do alone. Its moves do not
settle here, whatever they do in the runs that use it: in runs as short as these it would learn to freeze the small
values that serve their last generations (of long runs they never do). Returns are ranked among the M generators,
generation by generation, later ones counting more: no task's scale matters, nor how hard it is. On long runs, where it
may end counts by itself.

Sources: Metz et al. 2022, "VeLO", arXiv 2211.09760 (a distribution of tasks); Lange et al. 2023, "Discovering evolution
strategies via meta-black-box optimization", arXiv 2211.11260 (judged by whole runs of the strategy they steer).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, fields
from typing import Any

import numpy as np

from bierl_fast import kernels
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters
from bierl_fast.meta.generator import Generator
from bierl_fast.pretraining import linear
from bierl_fast.pretraining.crew import Crew
from bierl_fast.pretraining.judging import closing, ranked, whole
from bierl_fast.pretraining.plan import ADAPTED, PretrainSettings
from bierl_fast.pretraining.validation import Validated, Validation
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.strategy.es import EvolutionStrategy

VALIDATED_EVERY = 5  # rounds


class Pretraining:
    """A generator in training: `advance` is one round.

    Args:
        generator: relative or absolute; its outputs' names are ADAPTED.
        history: length, quantiles and signals of the windows it reads, as meta/history.py's History takes them.
        settings: see PretrainSettings.
        threads: cores to play its problems on; None: those this process may use. The bits are the same.
    """

    def __init__(
        self, generator: Generator, history: Mapping[str, Any], settings: PretrainSettings, threads: int | None = 1
    ) -> None:
        """See the class."""
        self._crew = Crew(generator, history, settings, threads)
        self._settings = settings
        weights, options = generator.initial_weights(settings.seed), dict[str, Any]()
        self._moved = np.arange(weights.size)
        if settings.starts_at_a_rule(generator, history):
            signals, quantiles = history["signals"], history["quantiles"]
            window = (signals, quantiles, ADAPTED, generator.outputs.max_move)
            weights = linear.at_two_point(*window)
            self._moved, options["scale"] = linear.searched(*window)
            # Adam's first steps, as long in every weight as in those that matter, would undo the rule.
            options["optimizer"] = "gradient"
        self._start = weights
        self._strategy = EvolutionStrategy(
            mean=weights[self._moved], population=settings.generators, shaping="centered_rank", **options
        )
        self._validation = Validation(self._crew, weights) if settings.long else None
        self.rounds = 0
        self.steps = 0  # env steps of all inner runs
        self.best = self._start  # of the weights that were validated
        self.curve: list[Validated] = []

    @property
    def weights(self) -> F32:
        """(P_meta,) as trained so far."""
        return self._with(self._strategy.mean)

    def _with(self, moved: F32) -> F32:
        """(P_meta,) the weights that a training starts from, with those that it moves at these values."""
        weights = self._start.copy()
        weights[self._moved] = moved
        return weights

    @property
    def kept(self) -> F32:
        """(P_meta,) what a file holds: the weights that validated best, the start's among them; else the latest."""
        return self.best if self.curve else self.weights

    def advance(self) -> float:
        """One round; returns the share of its problems that the trained generator ended better on than fixed values.

        That generator and the fixed values run beside the perturbed ones, and have no part in the ranking.
        """
        settings = self._settings
        if self._validation is not None and self.rounds == 0 and not self.curve:
            self._validate(self._validation)
        hp = Hyperparameters(
            sigma=settings.sigma,
            learning_rate=settings.rate(self.rounds),
            weight_decay=settings.weight_decay,
        )
        population = self._strategy.ask(hp, settings.key(self.rounds))
        rows = [self._with(kernels.row_parameters(population, row)) for row in range(population.rows)]
        weights_mp = np.stack([*rows, self.weights, np.zeros_like(self.weights)])
        fitness_m, wins, judge = np.zeros(population.rows), 0, whole if settings.long else ranked
        for value_mt, steps in self._crew.play(weights_mp, self.rounds):
            self.steps += steps
            fitness_m += judge(value_mt[: population.rows])
            last = closing(value_mt[-2:])
            wins += int(last[0] > last[1])
        count = population.rows
        batch = EvaluationBatch(fitness_m, np.ones(count, np.int32), np.zeros(count, np.bool_), key=population.key)
        self._strategy.tell(population, batch)
        self.rounds += 1
        if self._validation is not None and self.rounds % VALIDATED_EVERY == 0:
            self._validate(self._validation)
        return wins / settings.problems

    def _validate(self, validation: Validation) -> None:
        """Add a point to the curve, and keep the weights if none before were as good."""
        found = validation.of(self.weights, self.rounds)
        if found.value > max((before.value for before in self.curve), default=-math.inf):
            self.best = self.weights
        self.curve.append(found)

    def close(self) -> None:
        """End what plays the problems. Twice is fine; a further round begins it again."""
        self._crew.close()

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""
        counts = {"counts": np.array([self.rounds, self.steps], np.int64)}
        if self._validation is None:
            return {**self._strategy.state(), **counts}
        curve = np.array([astuple(each) for each in self.curve], np.float64).reshape(-1, len(fields(Validated)))
        return {**self._strategy.state(), **counts, "best": self.best.copy(), "curve": curve}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError, and nothing changed, when it is of another generator, or none."""
        arrays = dict(arrays)
        counts = arrays.pop("counts", np.zeros(0))
        own: Arrays = {"counts": counts}
        like: Arrays = {"counts": np.zeros(2, np.int64)}
        if self._validation is not None:
            own |= {name: arrays.pop(name, np.zeros(0)) for name in ("best", "curve")}
            rows = np.shape(own["curve"])[:1] or (0,)
            like |= {"best": np.zeros_like(self._start), "curve": np.zeros((*rows, len(fields(Validated))))}
        require_arrays(own, like, whose="the training's")
        self._strategy.load(arrays)
        self.rounds, self.steps = (int(n) for n in counts)
        if self._validation is not None:
            self.best, self.curve = np.array(own["best"]), [Validated.of(row) for row in own["curve"].tolist()]
