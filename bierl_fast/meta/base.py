"""What every meta-level offers: history in, hyperparameters out; now and then it improves itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bierl_fast.messages import Arrays, EvaluatedGeneration, Hyperparameters, MetaReport, NoiseKey

if TYPE_CHECKING:  # annotations only: naming the meta-levels must not load the native module
    from bierl_fast.evaluation.base import Evaluator
    from bierl_fast.meta.history import History
    from bierl_fast.strategy.base import Strategy


class MetaLevel(Protocol):
    """Sets a strategy's hyperparameters, generation by generation."""

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The hyperparameters of the next generation, which is drawn around this centre. Pure."""

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Whether `improve` runs now: the interval has passed and its predicted cost keeps the budget."""

    @property
    def reads_generation(self) -> bool:
        """Whether `improve` wants the generation that was evaluated last."""

    def improve(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        history: History,
        key: NoiseKey,
        generation: EvaluatedGeneration | None = None,
    ) -> MetaReport:
        """One meta-update, at the strategy's present centre; strategy and evaluator are left unchanged.

        `generation`: the one evaluated last, for a meta-level that `reads_generation`.
        """

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""

    def load(self, arrays: Arrays) -> None:
        """Continue from what `state` gave."""
