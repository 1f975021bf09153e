"""Several copies of one strategy, each with its own state and hyperparameters, in one wide batch each generation.

(state, Hyperparameters) of each member -> ask -> ONE evaluation -> tell -> Generation: Advanced of each member
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bierl_fast.errors import DivergedError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import Arrays, EvaluationBatch, Hyperparameters, NoiseKey, Population, concatenate
from bierl_fast.meta.fitness import parts
from bierl_fast.strategy.antithetic import all_failed
from bierl_fast.strategy.base import Strategy


@dataclass(frozen=True, slots=True, eq=False)
class Advanced:
    """One member's generation."""

    population: Population
    batch: EvaluationBatch
    state: Arrays | None  # after it; None where the member failed altogether, or left what float32 holds


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """All members' generation, and what the one evaluation cost: with the steps of attempts that were run again."""

    members: list[Advanced]
    steps: int
    failures: int  # rows


def advance(
    strategy: Strategy, evaluator: Evaluator, members: Sequence[tuple[Arrays, Hyperparameters]], key: NoiseKey
) -> Generation:
    """One generation of every member: (state, hyperparameters), at least one.

    All share the key, so the noise rows and resets of the evaluation too: they differ by their states and
    hyperparameters alone. The evaluator absorbs nothing; the strategy serves each member in turn and is left as it was.
    """
    own = strategy.state()
    try:
        populations = []
        for state, hp in members:
            strategy.load(state)
            populations.append(strategy.ask(hp, key))
        wide = evaluator.evaluate(concatenate(populations))
        advanced = [
            Advanced(population, batch, _told(strategy, state, population, batch))
            for (state, _), population, batch in zip(members, populations, parts(wide, populations), strict=True)
        ]
        return Generation(advanced, wide.steps, int(wide.failed_r.sum()))
    finally:
        strategy.load(own)


def _told(strategy: Strategy, state: Arrays, population: Population, batch: EvaluationBatch) -> Arrays | None:
    """The member's state after its generation."""
    if all_failed(population, batch):
        return None
    strategy.load(state)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            strategy.tell(population, batch)
    except DivergedError:
        return None
    return strategy.state()
