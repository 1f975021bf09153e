"""Uniform numbers in order, from one address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bierl_fast import kernels
from bierl_fast.messages import NoiseKey


class Draws:
    """Uniform numbers, one after the other; equal addresses give equal numbers."""

    def __init__(self, key: NoiseKey, row: int = 0) -> None:
        """The address is (key, row)."""
        self._key, self._row, self._next = key, row, 0

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """In [low, high)."""
        self._next += 1
        return low + (high - low) * kernels.uniform(self._key, self._row, self._next - 1)

    def integer(self, count: int) -> int:
        """In [0, count)."""
        return int(self.uniform(0.0, count))

    def one_of(self, values: Sequence[Any]) -> Any:
        """Each equally likely."""
        return values[self.integer(len(values))]
