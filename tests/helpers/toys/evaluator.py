"""`toy`: native episodes, whose returns are worth more. An evaluator with a setting of its own, in one file.

Population -> native evaluator -> EvaluationBatch -> returns times worth -> EvaluationBatch
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.native import native_evaluator
from bierl_fast.evaluation.wanted import Wanted
from bierl_fast.messages import EvaluationBatch, Population
from bierl_fast.settings import Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthSettings(Section):
    """What evaluator `toy` makes of returns."""

    title: ClassVar[str] = "toy's returns"

    worth: float = setting(1.0, "factor of every return", above=0.0)


class _Worth:
    """Another evaluator, but for the returns."""

    def __init__(self, inner: Evaluator, worth: float) -> None:
        self._inner = inner
        self._worth = worth

    def evaluate(self, population: Population) -> EvaluationBatch:
        """Run one episode for each row."""
        batch = self._inner.evaluate(population)
        return replace(batch, returns_r=self._worth * batch.returns_r)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def toy_evaluator(wanted: Wanted) -> Evaluator:
    """An evaluator of a native task."""
    return cast(Evaluator, _Worth(native_evaluator(wanted), wanted.section(WorthSettings).worth))
