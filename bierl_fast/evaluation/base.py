"""What every evaluator offers: a Population in, an EvaluationBatch out, row by row."""

from __future__ import annotations

from typing import Protocol

from bierl_fast.evaluation.policy import Policy
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Population


class Evaluator(Protocol):
    """Runs episodes. `evaluate` never changes anything; observation statistics change only in `absorb`."""

    @property
    def policy(self) -> Policy:
        """The policy with this evaluator's observation statistics."""

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row; row i of every output answers row i."""

    def absorb(self, batch: EvaluationBatch) -> None:
        """Merge an inner batch's observation moments, in row order; other batches are left out."""

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row ran."""

    def reset_seed(self, population: Population, row: int) -> int:
        """The seed of that row's episode: gymnasium's reset(seed=...)."""

    def state(self) -> Arrays:
        """Everything needed to continue, as copies."""

    def load(self, arrays: Arrays) -> None:
        """Continue from what `state` gave."""
