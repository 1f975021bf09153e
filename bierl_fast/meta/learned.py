"""The learned meta-level: a generator of hyperparameters, improved by its own evolution strategy.

    propose: window -> generator -> Hyperparameters
    improve: M perturbed generators -> proposals -> meta-fitness -> log-rank step on the generator's weights

Source: BiERL, arXiv 2308.01207, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bierl_fast import finite
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, Arrays, Hyperparameters, MetaReport, NoiseKey, Stream
from bierl_fast.meta.base import MetaContext, MetaLevel
from bierl_fast.meta.credit import Estimate
from bierl_fast.meta.fitness import META_FITNESS, Trial
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.history import History
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.meta.weights_es import PROBES, ascent_step, bounded_step, calibrated_sigma, perturbed
from bierl_fast.strategy.base import center_of
from bierl_fast.strategy.checks import require_above_zero, require_arrays

NARROW_SHARE = 0.2  # of a range's width: a wider spread would pile the proposals at its ends


class Standing(NamedTuple):
    """What a generator's proposals depend on, beside its weights."""

    window: F32
    used: Mapping[str, float]
    generations: int

    @classmethod
    def of(cls, history: History, center: int) -> Standing:
        """What they depend on now, around a centre."""
        return cls(history.window(center), history.latest(center), history.generations)


class LearnedMeta(MetaLevel):
    """A meta-level whose generator is trained while the run goes on."""

    def __init__(self, generator: Generator, settings: MetaSettings, weights: F32) -> None:
        """`weights` (P_meta,) are where the generator starts; ArgumentError unless they are as many as it takes."""
        if weights.shape != (generator.parameter_count,):
            raise ArgumentError(f"the generator takes {generator.parameter_count} weights, got {weights.size}")
        self._generator = generator
        self._outputs = generator.outputs
        self._settings = settings
        self._fitness = META_FITNESS[settings.fitness]
        self._weights = weights
        self._sigma = settings.sigma or 0.0  # else calibrated at the first meta-update
        self._updates = 0
        self._last_update = 0  # generations the history had then

    @property
    def reads_generation(self) -> bool:
        """Whether its meta-fitness uses the evaluated generation again."""
        return self._fitness.reads_generation

    @property
    def weights(self) -> F32:
        """(P_meta,) of the generator now; a copy."""
        return self._weights.copy()

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The generator's output for the centre's window, at most `max_move` from its generation before.

        The configured values before the first meta-update, unless the generator had a warm start.
        """
        standing = Standing.of(history, center)
        wanted = self._generator.propose(self._weights[None], *standing)[0]
        return self._outputs.limited(wanted, standing.used)

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Whether the interval has passed and a meta-update, all episodes as long as the longest, fits the budget.

        Never again once the generator's moves have settled: there is nothing left to learn that they could do.
        """
        if self._outputs.settled(history.generations):
            return False
        ranges = self._outputs.ranges
        return self._settings.affordable(ranges, history, self._last_update, inner_steps, meta_steps)

    def proposals(self, history: History, center: int, noise: NoiseKey, count: int) -> list[Hyperparameters]:
        """What `count` generators, perturbed at `noise` in antithetic pairs, propose for the centre's window. Pure.

        Proposals that a meta-update at this key would judge; sigma_meta as it would be calibrated, where none was yet.
        But at the moves' full reach: what is left of them where they settle would make the proposals all alike.
        """
        standing = Standing.of(history, center)._replace(generations=0)
        sigma = self._sigma or self._calibrate(standing, noise)
        return self._proposals(sigma, standing, noise, count)

    def update(self, context: MetaContext) -> MetaReport:
        """One meta-update in a few wide evaluations. Strategy and evaluator are left as they are."""
        key = context.key.with_stream(Stream.META)
        center = center_of(context.strategy, key)
        standing = Standing.of(context.history, center)
        noise = key.with_stream(Stream.GENERATOR)
        if self._sigma == 0.0:
            self._sigma = self._calibrate(standing, noise)
        proposals = self._proposals(self._sigma, standing, noise, self._settings.proposals)
        trial = Trial(
            strategy=context.strategy,
            evaluator=context.evaluator,
            key=key,
            credit=self._settings.credit,
            adapted=self._outputs.ranges,
            used=self._outputs.start.replace(**standing.used),
            objective=self._settings.measured,
            generation=context.generation,
        )
        estimate = self._fitness.judge(trial, proposals)
        before = self._weights
        self._weights, moved = self._moved(estimate, standing, noise)
        self._updates += 1
        self._last_update = context.history.generations
        diagnostics = self._diagnostics(estimate, proposals)
        diagnostics |= {"moved": moved, "update_norm": float(np.linalg.norm(self._weights - before))}
        return MetaReport(estimate.steps, estimate.failures, diagnostics)

    def _proposals(
        self, sigma: float, standing: Standing, noise: NoiseKey, count: int, first_row: int = 0
    ) -> list[Hyperparameters]:
        """What perturbed generators propose; their weights are never all held at once."""
        blocks = perturbed(self._weights, sigma, noise, count, first_row)
        return [hp for weights_mp in blocks for hp in self._generator.propose(weights_mp, *standing)]

    def _moved(self, estimate: Estimate, standing: Standing, noise: NoiseKey) -> tuple[F32, float]:
        """(P_meta,) the weights after one step, and the largest move of a hyperparameter that this makes."""
        if estimate.failed_m.all():
            return self._weights, 0.0
        before = self._generator.propose(self._weights[None], *standing)[0]

        def move_of(step: F32) -> float:
            after = self._generator.propose((self._weights + step)[None], *standing)[0]
            return max(abs(self._outputs.relative(name, before[name], after[name])) for name in self._outputs.ranges)

        rate = self._settings.rate(self._sigma)
        step = ascent_step(
            estimate.fitness_m, estimate.failed_m, self._sigma, rate, noise, self._generator.parameter_count
        )
        step = bounded_step(step, move_of, math.log(self._settings.max_move))
        return self._weights + step, move_of(step)

    def _calibrate(self, standing: Standing, noise: NoiseKey) -> float:
        """The sigma_meta at which the proposals that spread most, by what is wanted of each, spread as wanted.

        At the moves' full reach: once they have settled, no perturbation of the weights would spread so far.
        """
        standing = standing._replace(generations=0)
        start = self._generator.propose(self._weights[None], *standing)[0]
        first_row = self._settings.proposals // 2  # rows after those of the update itself

        def spread_of(sigma: float) -> float:
            proposals = self._proposals(sigma, standing, noise, PROBES, first_row)
            return max(self._spread(name, start[name], proposals) / self._wanted(name) for name in self._outputs.ranges)

        return calibrated_sigma(spread_of, 1.0)

    def _spread(self, name: str, start: float, proposals: list[Hyperparameters]) -> float:
        """Standard deviation of a hyperparameter's proposals, in nats or shares of its range."""
        return float(np.std([self._outputs.relative(name, start, hp[name]) for hp in proposals]))

    def _wanted(self, name: str) -> float:
        """The spread wanted of a hyperparameter's proposals; a narrow range holds no more than a share of its width."""
        bounds = self._outputs.ranges[name]
        width = bounds.width if bounds.scale == "log" else 1.0
        return min(self._settings.spread, NARROW_SHARE * width, self._outputs.largest_spread)

    def _diagnostics(self, estimate: Estimate, proposals: list[Hyperparameters]) -> dict[str, float]:
        spreads = {name: self._spread(name, proposals[0][name], proposals) for name in self._outputs.ranges}
        return self._found(estimate) | {f"proposal_spread_{name}": spread for name, spread in spreads.items()}

    def _found(self, estimate: Estimate) -> dict[str, float]:
        kept = estimate.fitness_m[~estimate.failed_m]
        return {
            "updates": float(self._updates),
            "sigma_meta": self._sigma,
            "fitness_mean": float(finite.mean(kept)) if kept.size else math.nan,
            "fitness_spread": float(finite.std(kept)) if kept.size else math.nan,
            "episode_spread": estimate.episode_spread,
            "signal_to_noise": estimate.signal_to_noise,
        }

    def state(self) -> Arrays:
        """Weights, sigma_meta and the counters."""
        return {
            "weights": self._weights.copy(),
            "sigma": np.array([self._sigma]),
            "counts": np.array([self._updates, self._last_update], np.int64),
        }

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ArgumentError when the generator has another size."""
        weights = arrays.get("weights", self._weights)
        if weights.shape != self._weights.shape:
            raise ArgumentError(f"the generator has {self._weights.size} weights, the saved one {weights.size}")
        require_arrays(arrays, self.state(), whose="the meta-level's")
        require_above_zero(arrays, "sigma", zero=True)  # 0 before it is calibrated
        self._weights = np.array(arrays["weights"], np.float32)
        self._sigma = float(arrays["sigma"][0])
        self._updates, self._last_update = (int(n) for n in arrays["counts"])
