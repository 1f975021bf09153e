"""The meta-level that fixes everything."""

from __future__ import annotations

from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History


class FixedMeta(MetaLevel):
    """The configured hyperparameters, for ever."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        """`hyperparameters`: complete."""
        self._hyperparameters = hyperparameters

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The configured values."""
        return self._hyperparameters
