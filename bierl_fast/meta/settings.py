"""How a learned meta-level learns, checked. Needs no torch, so that a run without a meta-level never loads it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from bierl_fast.errors import ArgumentError
from bierl_fast.meta.credit import OBJECTIVES, Credit
from bierl_fast.meta.fitness import META_FITNESS
from bierl_fast.names import choice, lookup
from bierl_fast.strategy.reference import FROZEN_POPULATION, STEP_SCALES, checked


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """How a learned meta-level learns.

    Attributes:
        fitness: which meta-fitness judges a proposal.
        objective: what it measures: "return", or "fitness", what the strategy's own update climbs.
        candidates: M, antithetic, so even.
        pairs, episodes, episodes_per_candidate: what a proposal may spend; see credit.Credit.
        interval: least generations between meta-updates.
        budget: largest share of meta steps in all env steps, kept causally; 0 for a generator that is used as it is.
        learning_rate: of the generator's weights, in natural-gradient units; see `rate`.
        step_scale: "strategy", or "reference": learning_rate / (40 sigma_meta), the BiERL authors' units.
        sigma: noise standard deviation on the generator's weights; None: calibrated by `spread`.
        spread: standard deviation of a proposal's ln (or share of a linear range) to which sigma_meta is calibrated;
            less where a range is narrow.
        max_move: the largest factor by which a hyperparameter moves in one meta-update, and from one generation to
            the next (on a linear range its logarithm is the largest share of the range).
        settling: generations after which a relative generator's moves are half as long; see outputs.Outputs.
    """

    fitness: str = "one_step"
    objective: str = "return"
    candidates: int = 8
    pairs: int = 4
    episodes: int = 2
    episodes_per_candidate: int = 1
    interval: int = 5
    budget: float = 0.2
    learning_rate: float = 1.0
    sigma: float | None = None
    spread: float = 0.3
    step_scale: str = "strategy"
    max_move: float = 1.5
    settling: float | None = None

    def __post_init__(self) -> None:
        """ArgumentError names the first setting out of range."""
        lookup("meta-fitness", self.fitness, META_FITNESS)
        choice("meta objective", self.objective, OBJECTIVES)
        if self.candidates < 2 or self.candidates % 2:
            raise ArgumentError(
                f"meta candidates must be even and at least 2 (antithetic pairs), got {self.candidates}"
            )
        for name in ("pairs", "episodes", "episodes_per_candidate", "interval"):
            if getattr(self, name) < 1:
                raise ArgumentError(f"meta {name} must be at least 1, got {getattr(self, name)}")
        if not 0.0 <= self.budget < 1.0:
            raise ArgumentError(
                f"meta_budget must be in [0, 1) for a learned meta-level, got {self.budget}; "
                "use meta 'none' to spend nothing on it"
            )
        for name in ("learning_rate", "spread", "sigma"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise ArgumentError(f"meta {name} must be positive and finite, got {value}")
        checked("step scale", self.step_scale, STEP_SCALES)
        if not self.max_move > 1.0:
            raise ArgumentError(f"meta max_move must be above 1, got {self.max_move}")

    def rate(self, sigma: float) -> float:
        """What multiplies sigma_meta * sum of u sign eps, at this sigma_meta."""
        if self.step_scale == "reference":
            return self.learning_rate / (FROZEN_POPULATION * sigma**2)
        return self.learning_rate

    def update_rows(self, adapted: Collection[str]) -> int:
        """Episodes of one meta-update of these hyperparameters."""
        return self.candidates * META_FITNESS[self.fitness].rows(self.credit, adapted)

    @property
    def credit(self) -> Credit:
        """What one proposal may spend."""
        return Credit(self.pairs, self.episodes, self.episodes_per_candidate)
