"""`toy`: what is adapted jumps up every few generations. A meta-level with two settings of its own, in one file.

history's generations -> configured values, every period-th generation times factor -> Hyperparameters
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History, Range
from bierl_fast.settings import FAR, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpSettings(Section):
    """When meta-level `toy` jumps, and how far."""

    title: ClassVar[str] = "toy's jumps"
    prefix: ClassVar[str] = "jump_"

    period: int = setting(2, "generations from one jump to the next", at_least=1, at_most=FAR)
    factor: float = setting(2.0, "of what is adapted, in a generation that jumps", above=0.0)


class ToyMeta(MetaLevel):
    """Costs no env steps; every centre of a strategy jumps at the same time."""

    def __init__(self, configured: Hyperparameters, ranges: Mapping[str, Range], settings: JumpSettings) -> None:
        """`configured`: complete; `ranges`: of what is adapted."""
        self._configured = configured
        self._settings = settings
        jumped = {name: configured[name] * settings.factor for name in ranges}
        self._jumped = {name: min(max(jumped[name], bounds.low), bounds.high) for name, bounds in ranges.items()}

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The configured values at first."""
        jumps = (history.generations + 1) % self._settings.period == 0
        return self._configured.replace(**self._jumped) if jumps else self._configured
