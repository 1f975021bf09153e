"""What rules without a network share: sigma and learning rate, each times a factor of a generation.

used, history -> moves, within max_move -> {name: move of ln(value)} -> within the ranges -> Hyperparameters
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History, Range

ADAPTS = ("sigma", "learning_rate")  # of whose product with the noise a step is made


class Factors(MetaLevel):
    """Multiplies sigma and the learning rate, or one of them, from one generation to the next; starts where configured.

    Args:
        hyperparameters: the configured ones, complete.
        ranges: of sigma, learning_rate or both; on a log scale, and with the configured value inside.
        max_move: the largest factor from one generation to the next.

    Raises:
        ArgumentError: a linear range, or another hyperparameter's.
    """

    called: str  # in errors: the meta-level's name in the table

    def __init__(self, hyperparameters: Hyperparameters, ranges: Mapping[str, Range], max_move: float) -> None:
        """See the class."""
        self._refuse([name for name, bounds in ranges.items() if bounds.scale != "log"], ", which has a linear scale")
        self._refuse([name for name in ranges if name not in ADAPTS])
        self._configured = hyperparameters
        self._ranges = dict(ranges)
        self._largest = math.log(max_move)

    def _refuse(self, names: list[str], why: str = "") -> None:
        if names:
            raise ArgumentError(
                f"{self.called} multiplies sigma and learning rate, and cannot adapt {', '.join(names)}{why}; leave it "
                "out of adapt",
                ["adapt"],
            )

    @abstractmethod
    def moves(self, history: History, center: int) -> dict[str, float]:
        """By how much ln of each adapted value, or of more, moves from what this centre used last; see `_cut`."""

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """What the centre's last generation used, each value moved by its rule."""
        used = history.latest(center)
        if not used:
            return self._configured
        moves, values = self.moves(history, center), {}
        for name, bounds in self._ranges.items():
            values[name] = bounds.moved(used[name], moves[name])
        return self._configured.replace(**values)

    def _cut(self, move: float) -> float:
        """`move` within max_move."""
        return min(max(move, -self._largest), self._largest)
