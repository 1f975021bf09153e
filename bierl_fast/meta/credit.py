"""What a proposal may spend, what it was found to be worth, and how far that can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bierl_fast import finite
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F64, Bool, EvaluationBatch, Hyperparameters
from bierl_fast.strategy.base import OwnObjective, Strategy

OBJECTIVES = ("return", "fitness")
ROUNDING = 16 * np.finfo(np.float64).eps  # of a difference of values and their means, in shares of the largest


@dataclass(frozen=True, slots=True)
class Credit:
    """How much is spent on a proposal.

    Attributes:
        pairs: antithetic pairs for its step.
        episodes: to judge where that led.
        episodes_per_candidate: of each member of a pair, the strategy's own number.
    """

    pairs: int
    episodes: int
    episodes_per_candidate: int = 1

    @property
    def stepped_rows(self) -> int:
        """Episodes of one proposal that steps from pairs of its own."""
        return 2 * self.pairs * self.episodes_per_candidate + self.episodes


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What M proposals were found to be worth, and what finding out cost."""

    value_mk: F64  # (M, K) objective of each episode, column k on the same reset; of no meaning where failed
    failed_m: Bool
    steps: int
    failures: int  # rows

    @property
    def fitness_m(self) -> F64:
        """(M,) mean over episodes."""
        return np.asarray(finite.mean(self.value_mk, axis=1), np.float64)

    @property
    def episode_spread(self) -> float:
        """Standard deviation over a proposal's episodes, mean over those that did not fail; resets do most of it.

        NaN where all failed.
        """
        value_mk = self.value_mk[~self.failed_m]
        return float(finite.mean(finite.std(value_mk, axis=1))) if value_mk.size else math.nan

    @property
    def signal_to_noise(self) -> float:
        """Variance between proposals' means over the variance that noise alone gives them; 1 where nothing shows.

        Episodes are common to all proposals, so noise is what is left of (M, K) values after the means of proposals
        and of episodes are taken out: F of a two-way analysis of variance. NaN with one episode, one survivor, or no
        noise besides rounding.
        """
        value_mk = self.value_mk[~self.failed_m]
        m, k = value_mk.shape
        if m < 2 or k < 2:
            return math.nan
        value_mk = finite.scaled(value_mk, finite.exponent(value_mk))
        row_m, column_k = value_mk.mean(axis=1), value_mk.mean(axis=0)
        rest_mk = value_mk - row_m[:, None] - column_k + value_mk.mean()
        noise = float((rest_mk**2).sum()) / ((m - 1) * (k - 1))
        rounding = ROUNDING * float(np.abs(value_mk).max())
        return float(k * row_m.var(ddof=1)) / noise if noise > rounding**2 else math.nan


def no_objective() -> ArgumentError:
    """The error about a strategy that has no fitness of its own."""
    return ArgumentError("this strategy has no fitness besides the return; take meta_objective 'return'")


def objective_mk(
    strategy: Strategy, batch: EvaluationBatch, proposals: int, objective: str, hp: Hyperparameters
) -> F64:
    """(M, K) what the rows of M proposals are worth: their return, or the fitness that the strategy's update climbs.

    `hp` are the hyperparameters in use: weights inside the fitness must not be the proposal's own, or it would judge
    itself. Source of the second: novelty strategies, whose novelty a judgement by return would suppress.

    Raises:
        ArgumentError: "fitness" of a strategy that has none of its own.
    """
    if objective == "return":
        value_r = batch.returns_r
    elif isinstance(strategy, OwnObjective):
        value_r = strategy.objective(batch, hp)
    else:
        raise no_objective()
    return np.asarray(value_r.reshape(proposals, -1), np.float64)
