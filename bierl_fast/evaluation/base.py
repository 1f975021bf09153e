"""What every evaluator offers: a Population in, an EvaluationBatch out, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from numpy.typing import ArrayLike

from bierl_fast.messages import F32, Arrays, EvaluationBatch, Population

# What an environment's `step` takes: (A,) float32, an array in the shape of its box, or np.int64 of a discrete space.
# Any, because the caller knows which, and a union would make every caller say so.
Action = Any
Observation = ArrayLike  # as the environment gives it


class Policy(Protocol):
    """What is trained: a flat vector of parameters, and what it does with an observation."""

    parameters: F32  # (P,)

    @property
    def task(self) -> str:
        """What it was made for."""

    @property
    def task_kwargs(self) -> dict[str, Any]:
        """That task's keyword arguments."""

    def initial_parameters(self, seed: int = 0) -> F32:
        """(P,) where training starts."""

    def noise_scale(self, log_std_scale: float) -> F32 | None:
        """(P,) per-parameter factor of sigma, None for ones."""

    def with_parameters(self, theta: F32) -> Policy:
        """The same policy with other parameters (P,) float32, copied."""

    def act(self, observation: Observation) -> Action:
        """The deterministic action for one observation, in the form that the environment's `step` takes."""

    def save(self, path: str | Path) -> None:
        """Write a file that `bierl_fast.evaluation.policy.saved.load_policy` reads."""


class Evaluator(Protocol):
    """Runs episodes. `evaluate` never changes anything; observation statistics change only in `absorb`.

    Any number of threads may call: evaluations take turns, and no `absorb` is lost.
    """

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

    def close(self) -> None:
        """Free what the evaluator holds; it cannot evaluate afterwards (WorkerError). Twice is fine."""
