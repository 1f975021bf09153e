"""What every evolution strategy offers: ask names candidates, tell learns from their returns.

Hyperparameters, NoiseKey -> ask -> Population ... EvaluationBatch -> tell -> StrategyReport
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bierl_fast.messages import (
    F32,
    F64,
    Arrays,
    EvaluationBatch,
    Hyperparameters,
    HyperparameterSpec,
    NoiseKey,
    Population,
    StrategyReport,
)


class Strategy(Protocol):
    """An inner-level algorithm. Hyperparameters are arguments; only `tell` and `load` change state.

    Any number of threads may call those of this package: they take turns (turns.py).
    """

    @property
    def mean(self) -> F32:
        """(P,) the centre as users read it; a copy."""

    @property
    def declared(self) -> Mapping[str, HyperparameterSpec]:
        """Every hyperparameter this strategy reads, by name."""

    def ask(self, hp: Hyperparameters, key: NoiseKey, candidates: int | None = None) -> Population:
        """Name the candidates of one generation. Pure: the same state and arguments give the same Population.

        `candidates` asks for a population of another (even) size, without the centre's row.
        """

    def stepped(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters | None = None) -> F32:
        """(P,) the centre that `tell` would leave, at `hp` instead of the population's own; state unchanged."""

    def tell(self, population: Population, batch: EvaluationBatch) -> StrategyReport:
        """Learn from one evaluated population."""

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""

    def load(self, arrays: Arrays) -> None:
        """Continue from what `state` gave."""


@runtime_checkable
class SeveralCenters(Protocol):
    """A strategy that draws the candidates of a generation around one of several centres."""

    @property
    def centers(self) -> int:
        """How many there are."""

    def center(self, key: NoiseKey) -> int:
        """Which one `ask` draws around at `key`: a pure function of state and key."""

    def center_thetas(self) -> F32:
        """(M, P) a copy of all; `mean` is what users take, which may be none of them."""


@runtime_checkable
class OwnObjective(Protocol):
    """A strategy whose update climbs something besides the return."""

    def objective(self, batch: EvaluationBatch, hp: Hyperparameters) -> F64:
        """(R,) what each row counts for its update, comparable within one batch. Pure."""


def centers_of(strategy: Strategy) -> int:
    """How many centres a strategy has."""
    return strategy.centers if isinstance(strategy, SeveralCenters) else 1


def center_thetas(strategy: Strategy) -> F32:
    """(M, P) what a strategy steps; its mean where that is the one centre."""
    return strategy.center_thetas() if isinstance(strategy, SeveralCenters) else strategy.mean[None]


def center_of(strategy: Strategy, key: NoiseKey) -> int:
    """Which of a strategy's centres `ask` draws around at `key`; 0 where it has one."""
    return strategy.center(key) if isinstance(strategy, SeveralCenters) else 0
