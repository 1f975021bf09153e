"""What every meta-level offers: history in, hyperparameters out; now and then it improves itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from bierl_fast.errors import ArgumentError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import (
    Arrays,
    EvaluatedGeneration,
    EvaluationBatch,
    Hyperparameters,
    MetaReport,
    NoiseKey,
    Population,
)
from bierl_fast.meta.history import History
from bierl_fast.public import public
from bierl_fast.strategy.base import Strategy
from bierl_fast.turns import TakesTurns


@dataclass(frozen=True, slots=True, eq=False)
class MetaContext:
    """What a meta-update sees; it leaves all of it unchanged.

    Attributes:
        strategy: at its present centre.
        evaluator: runs the episodes.
        history: up to the latest generation.
        key: the address of the update's randomness.
        generation: the one evaluated last, for a meta-level that `reads_generation`.
    """

    strategy: Strategy
    evaluator: Evaluator
    history: History
    key: NoiseKey
    generation: EvaluatedGeneration | None = None


@runtime_checkable
class HoldsStates(Protocol):
    """A meta-level whose state holds states of the run's strategy."""

    @property
    def strategies(self) -> tuple[Arrays, ...]:
        """They, as the strategy's `load` takes them."""


def states_held_by(meta: object) -> tuple[Arrays, ...]:
    """The strategy's states that a meta-level holds; none for most."""
    return meta.strategies if isinstance(meta, HoldsStates) else ()


@public
class MetaLevel(TakesTurns, ABC, called="meta-level"):
    """Sets a strategy's hyperparameters, generation by generation. By itself it never improves and has no state."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        public(cls)

    @property
    def reads_generation(self) -> bool:
        """Whether `improve` wants the generation that was evaluated last."""
        return False

    @abstractmethod
    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The hyperparameters of the next generation, which is drawn around this centre. Pure."""

    def for_step(
        self, strategy: Strategy, population: Population, batch: EvaluationBatch, history: History, center: int = 0
    ) -> Hyperparameters:
        """The hyperparameters of the step that an evaluated generation is about to make. Pure, and costs no env step.

        Those it was drawn with, unless a meta-level sees before the step that it should be another. `history` holds the
        generations before it, and `center` is the centre it was drawn around.
        """
        return population.hyperparameters

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Whether `improve` runs now: the interval has passed and its predicted cost keeps the budget."""
        return False

    def improve(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        history: History,
        key: NoiseKey,
        generation: EvaluatedGeneration | None = None,
    ) -> MetaReport:
        """One meta-update, at the strategy's present centre; see MetaContext for the arguments."""
        return self.update(MetaContext(strategy, evaluator, history, key, generation))

    def update(self, context: MetaContext) -> MetaReport:
        """One meta-update; nothing is improved and nothing spent where a meta-level has none."""
        return MetaReport(steps=0, failures=0)

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""
        return {}

    def load(self, arrays: Arrays) -> None:
        """Continue from what `state` gave."""
        if arrays:
            raise ArgumentError(f"this meta-level has no state, got {sorted(arrays)}")
