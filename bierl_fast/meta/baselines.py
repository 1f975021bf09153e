"""Meta-levels without anything learned: what they share, and the one that fixes everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bierl_fast.messages import Arrays, EvaluatedGeneration, Hyperparameters, MetaReport, NoiseKey

if TYPE_CHECKING:  # annotations only: naming the meta-levels must not load the native module
    from bierl_fast.evaluation.base import Evaluator
    from bierl_fast.meta.history import History
    from bierl_fast.strategy.base import Strategy


class Costless:
    """What a meta-level is that only proposes, by a rule of the history alone: no env steps, no state."""

    reads_generation = False

    def due(self, history: History, inner_steps: int, meta_steps: int) -> bool:
        """Never."""
        return False

    def improve(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        history: History,
        key: NoiseKey,
        generation: EvaluatedGeneration | None = None,
    ) -> MetaReport:
        """Nothing to improve, nothing spent."""
        return MetaReport(steps=0, failures=0)

    def state(self) -> Arrays:
        """Nothing."""
        return {}

    def load(self, arrays: Arrays) -> None:
        """Nothing to continue."""


class FixedMeta(Costless):
    """The configured hyperparameters, for ever."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        """`hyperparameters`: complete."""
        self._hyperparameters = hyperparameters

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The configured values."""
        return self._hyperparameters
