"""A learned meta-level whose proposals are judged in the inner batch: no env step of its own.

    generation t         ordinary; at its end M proposals: the population is divided
    t + 1 ... t + k      each group of N / M candidates draws and steps with its own proposal
    t + k + 1            all groups with the same hyperparameters: their candidates' returns judge where steps have led;
                         at its end the groups are averaged, the generator's weights step, and M new proposals are made

The last generation is like one of the strategy's own, with every group's centre in the place of the one: it steps from
all of them, and nothing is drawn that does not serve the update. What it costs is directions: groups share their noise
rows and resets, so a generation has N / (2 M) of them.

Source: the truncated fitness is BiERL's, arXiv 2308.01207; groups of one population with step sizes of their own are
Meta-ES's (Beyer & Arnold; Hansen, Arnold & Auger 2015, "Evolution strategies", section 4.2.3).
"""

from __future__ import annotations

import numpy as np

from bierl_fast.messages import F32, Arrays, MetaReport, NoiseKey, Stream
from bierl_fast.meta.base import MetaContext
from bierl_fast.meta.fitness import Trial, unfit
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.groups import Groups, joins
from bierl_fast.meta.history import History
from bierl_fast.meta.learned import LearnedMeta, Standing
from bierl_fast.meta.settings import MetaSettings

NONE = -1  # no proposals are under way


class InBatchMeta(LearnedMeta):
    """The learned meta-level over a strategy that is `Groups`. Its meta-updates cost no env steps, and need no budget.

    A proposal's distance from the values that the generator itself proposes is kept for the k generations, while those
    values go on.
    """

    def __init__(self, generator: Generator, settings: MetaSettings, weights: F32) -> None:
        """As LearnedMeta."""
        super().__init__(generator, settings, weights)
        self._asked = NONE  # the generation at whose end the proposals under way were made

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """After the first generation, and then whenever groups have been judged."""
        if self._asked == NONE:
            return history.generations > 0 and not self._outputs.settled(history.generations)
        return history.generations - self._last_update > self._settings.credit_generations

    def update(self, context: MetaContext) -> MetaReport:
        """Judge the groups that have just been joined, and divide anew.

        Raises:
            ArgumentError: the strategy has no groups.
        """
        strategy = context.strategy
        if not isinstance(strategy, Groups):
            what = f"judges groups of a population, which meta.groups.Groups divides, got {type(strategy).__name__}"
            raise unfit("in_batch", what)
        key = context.key.with_stream(Stream.META)
        standing = Standing.of(context.history, 0)
        noise = key.with_stream(Stream.GENERATOR)
        diagnostics = self._judged(context, standing)
        self._last_update, self._asked = context.history.generations, NONE
        if self._outputs.settled(context.history.generations):
            return MetaReport(0, 0, diagnostics)
        if self._sigma == 0.0:
            self._sigma = self._calibrate(standing, noise)
        common, ranges = self.propose(context.history), self._outputs.ranges
        proposals = self._proposals(self._sigma, standing, noise, self._settings.proposals)
        moves = [[bounds.distance(common[name], hp[name]) for name, bounds in ranges.items()] for hp in proposals]
        self._asked = key.generation
        adopt = strategy.divided(np.array(moves), self._settings.credit_generations)
        spreads = {f"proposal_spread_{name}": self._spread(name, common[name], proposals) for name in ranges}
        return MetaReport(0, 0, {"sigma_meta": self._sigma, **diagnostics, **spreads}, adopt)

    def _judged(self, context: MetaContext, standing: Standing) -> dict[str, float]:
        """A step of the weights by what the groups were worth; none where they were not judged, or went back before."""
        told = context.generation
        if self._asked == NONE or told is None or not joins(told.before):
            return {"updates": float(self._updates)}
        noise = NoiseKey(context.key.run_seed, self._asked, Stream.GENERATOR)
        trial = Trial(
            strategy=context.strategy,
            evaluator=context.evaluator,
            key=context.key,
            credit=self._settings.credit,
            adapted=self._outputs.ranges,
            used=self._outputs.start.replace(**standing.used),
            objective=self._settings.measured,
            generation=told,
        )
        estimate = self._fitness.judge(trial, [trial.used] * self._settings.proposals)
        before = self._weights
        self._weights, moved = self._moved(estimate, standing, noise)
        self._updates += 1
        return self._found(estimate) | {"moved": moved, "update_norm": float(np.linalg.norm(self._weights - before))}

    def state(self) -> Arrays:
        """LearnedMeta's, and when the proposals under way were made."""
        return {**super().state(), "asked": np.array([self._asked], np.int64)}

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`."""
        asked = np.asarray(arrays.get("asked", ()))
        super().load({**arrays, "asked": asked - NONE})  # what is loaded counts from 0 up
        self._asked = int(asked[0])
