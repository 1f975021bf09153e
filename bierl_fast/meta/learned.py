"""The learned meta-level: a generator of hyperparameters, improved by its own evolution strategy.

    propose: window -> generator -> Hyperparameters
    improve: M perturbed generators -> proposals -> meta-fitness -> log-rank step on the generator's weights

Source: BiERL, arXiv 2308.01207, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import F32, Arrays, Hyperparameters, MetaReport, NoiseKey, Stream
from bierl_fast.meta.fitness import META_FITNESS, Estimate
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.history import History, Range
from bierl_fast.meta.optimizer import PROBES, ascent_step, bounded_step, calibrated_sigma, perturbed
from bierl_fast.meta.settings import MetaSettings
from bierl_fast.strategy.base import Strategy, center_of

NARROW_SHARE = 0.2  # of a range's width: a wider spread would pile the proposals at its ends


class LearnedMeta:
    """A meta-level whose generator is trained while the run goes on."""

    def __init__(self, generator: Generator, ranges: Mapping[str, Range], settings: MetaSettings, seed: int) -> None:
        """`ranges` are the adapted hyperparameters; `seed` starts the generator's weights."""
        self._generator = generator
        self._ranges = dict(ranges)
        self._settings = settings
        self._judge = META_FITNESS[settings.fitness]
        self._weights = generator.initial_weights(seed)
        self._sigma = 0.0  # calibrated at the first meta-update
        self._updates = 0
        self._last_update = 0  # generations the history had then

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The generator's output for the centre's window, at most `max_move` from its generation before.

        The configured values before the first meta-update.
        """
        wanted = self._generator.propose(self._weights[None], history.window(center))[0]
        largest = math.log(self._settings.max_move)
        moved = {}
        for name, used in history.latest(center).items():
            relative = self._relative(name, used, wanted[name])
            if abs(relative) > largest:
                bounds = self._ranges[name]
                unit = 1.0 if bounds.scale == "log" else bounds.width
                moved[name] = bounds.moved(used, math.copysign(largest * unit, relative))
        return wanted.replace(**moved)

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Whether the interval has passed and a meta-update, all episodes as long as the longest, fits the budget."""
        if history.generations - self._last_update < self._settings.interval:
            return False
        rows = self._settings.candidates * self._settings.credit.rows
        after = meta_steps + rows * history.longest_episode
        return after <= self._settings.budget * (inner_steps + after)

    def improve(self, strategy: Strategy, evaluator: Evaluator, history: History, key: NoiseKey) -> MetaReport:
        """One meta-update in two wide evaluations. Strategy and evaluator are left as they are."""
        window = history.window(center_of(strategy, key.with_stream(Stream.META)))
        noise = key.with_stream(Stream.GENERATOR)
        if self._sigma == 0.0:
            self._sigma = self._settings.sigma or self._calibrate(window, noise)
        weights_mp = perturbed(self._weights, self._sigma, noise, self._settings.candidates)
        proposals = self._generator.propose(weights_mp, window)
        estimate = self._judge(strategy, evaluator, key.with_stream(Stream.META), proposals, self._settings.credit)
        moved = 0.0 if estimate.failed_m.all() else self._step(estimate, window, noise)
        self._updates += 1
        self._last_update = history.generations
        return MetaReport(estimate.steps, estimate.failures, self._diagnostics(estimate, proposals, moved))

    def _step(self, estimate: Estimate, window: F32, noise: NoiseKey) -> float:
        """Move the weights; returns the largest move of a hyperparameter."""
        before = self._generator.propose(self._weights[None], window)[0]

        def move_of(step: F32) -> float:
            after = self._generator.propose((self._weights + step)[None], window)[0]
            return max(abs(self._relative(name, before[name], after[name])) for name in self._ranges)

        rate = self._settings.rate(self._sigma)
        step = ascent_step(
            estimate.fitness_m, estimate.failed_m, self._sigma, rate, noise, self._generator.parameter_count
        )
        step = bounded_step(step, move_of, math.log(self._settings.max_move))
        moved = move_of(step)
        self._weights = self._weights + step
        return moved

    def _relative(self, name: str, start: float, end: float) -> float:
        """Distance in nats on a log scale, in shares of the range on a linear one."""
        bounds = self._ranges[name]
        distance = bounds.distance(start, end)
        return distance if bounds.scale == "log" else distance / bounds.width

    def _calibrate(self, window: F32, noise: NoiseKey) -> float:
        """The sigma_meta at which the proposals that spread most, by what is wanted of each, spread as wanted."""
        start = self._generator.propose(self._weights[None], window)[0]
        first_row = self._settings.candidates // 2  # rows after those of the update itself

        def spread_of(sigma: float) -> float:
            weights_mp = perturbed(self._weights, sigma, noise, PROBES, first_row)
            proposals = self._generator.propose(weights_mp, window)
            return max(
                float(np.std([self._relative(name, start[name], hp[name]) for hp in proposals])) / self._wanted(name)
                for name in self._ranges
            )

        return calibrated_sigma(spread_of, 1.0)

    def _wanted(self, name: str) -> float:
        """The spread wanted of a hyperparameter's proposals; a narrow range holds no more than a share of its width."""
        bounds = self._ranges[name]
        width = bounds.width if bounds.scale == "log" else 1.0
        return min(self._settings.spread, NARROW_SHARE * width)

    def _diagnostics(self, estimate: Estimate, proposals: list[Hyperparameters], moved: float) -> dict[str, float]:
        kept = estimate.fitness_m[~estimate.failed_m]
        diagnostics = {
            "updates": float(self._updates),
            "sigma_meta": self._sigma,
            "moved": moved,
            "fitness_mean": float(kept.mean()) if kept.size else math.nan,
            "fitness_spread": float(kept.std()) if kept.size else math.nan,
            "episode_spread": float(estimate.spread_m.mean()),
        }
        for name in self._ranges:
            relative = [self._relative(name, proposals[0][name], hp[name]) for hp in proposals]
            diagnostics[f"proposal_spread_{name}"] = float(np.std(relative))
        return diagnostics

    def state(self) -> Arrays:
        """Weights, sigma_meta and the counters."""
        return {
            "weights": self._weights.copy(),
            "sigma": np.array([self._sigma]),
            "counts": np.array([self._updates, self._last_update], np.int64),
        }

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; ValueError when the generator has another size."""
        weights = np.array(arrays["weights"], np.float32)
        if weights.shape != self._weights.shape:
            raise ValueError(f"the generator has {self._weights.size} weights, the saved one {weights.size}")
        self._weights = weights
        self._sigma = float(arrays["sigma"][0])
        self._updates, self._last_update = (int(n) for n in arrays["counts"])
