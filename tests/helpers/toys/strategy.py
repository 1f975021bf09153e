"""`toy`: `es` with longer steps. A strategy with two options of its own, in one file.

step of `es` -> times stride -> minus a share of the parameters
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bierl_fast.messages import F32, Arrays, EvaluationBatch, Hyperparameters, Population
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.es import EvolutionStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class ToySettings(Section):
    """How `toy` steps. In a run each is called `prefix` and its name here: --toy-stride, toy_stride."""

    title: ClassVar[str] = "toy"
    prefix: ClassVar[str] = "toy_"

    stride: int = setting(1, "steps are so many times as long as those of es", at_least=1, at_most=9)
    forgets: float = setting(0.0, "share of the parameters that every step takes away", at_least=0.0, below=1.0)


class ToyStrategy(EvolutionStrategy):
    """`es` whose steps are longer, and that forgets.

    Args: those of EvolutionStrategy, and ToySettings by name.
    """

    def __init__(self, *, mean: F32, **options: Any) -> None:
        """See the class."""
        self._settings = ToySettings.taken(options)
        super().__init__(mean=mean, **options)

    def _next(self, population: Population, batch: EvaluationBatch, hp: Hyperparameters) -> Arrays:
        following = super()._next(population, batch, hp)
        step = np.float32(self._settings.stride) * np.subtract(following["mean"], self._theta, dtype=np.float32)
        return {**following, "mean": np.float32(1.0 - self._settings.forgets) * (self._theta + step)}
