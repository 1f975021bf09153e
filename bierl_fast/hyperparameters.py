"""What a strategy is steered by: named values, and what it says of each.

Strategy.declared -> HyperparameterSpec     Hyperparameters -> ask
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from bierl_fast.errors import ArgumentError
from bierl_fast.public import public


@public
class Hyperparameters(Mapping[str, float]):
    """Named values that a strategy declares; arguments of `ask`, never attributes of a strategy.

        hp = Hyperparameters(sigma=0.02, learning_rate=0.02)
        hp["sigma"], hp.sigma

    A strategy takes its own default for a name that is missing. Immutable; equal by value.
    """

    __slots__ = ("_values",)
    taken_for: ClassVar[type] = Mapping  # what may stand for one where it is an argument
    _values: dict[str, float]

    def __init__(self, **values: float) -> None:
        found = {name: float(value) for name, value in values.items()}
        for name, value in found.items():
            if not math.isfinite(value):
                raise ArgumentError(f"{name} must be a finite number, got {value}", [name])
        object.__setattr__(self, "_values", found)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"no hyperparameter named {name!r}; present: {', '.join(self._values) or 'none'}")
        return self._values[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Hyperparameters are immutable; use replace(...)")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hyperparameters) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._values.items())))

    def __repr__(self) -> str:
        return f"Hyperparameters({', '.join(f'{k}={v:.6g}' for k, v in self._values.items())})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_hyperparameters, (self._values,))

    def replace(self, **values: float) -> Hyperparameters:
        """A copy with some values changed or added."""
        return Hyperparameters(**{**self._values, **values})


def _hyperparameters(values: dict[str, float]) -> Hyperparameters:
    return Hyperparameters(**values)


@public
@dataclass(frozen=True, slots=True)
class HyperparameterSpec:
    """What a strategy says of one hyperparameter.

    Attributes:
        default: the value used when none is given.
        low, high: the open or closed ends a value must lie between (see `check`).
        scale: how a meta-level should move it: "log" or "linear".
        adaptable: whether a meta-level may move it at all.
    """

    default: float
    low: float = 0.0
    high: float = math.inf
    scale: Literal["log", "linear"] = "log"
    adaptable: bool = True

    def check(self, name: str, value: float) -> float:
        """Return `value`; ArgumentError when it is not finite, or outside its range (a log scale excludes zero)."""
        above = value > self.low if self.scale == "log" else value >= self.low
        if not math.isfinite(value) or not above or value > self.high:
            wanted = f"{name} must be finite and {'above' if self.scale == 'log' else 'at least'} {self.low:g}"
            if math.isfinite(self.high):
                wanted += f" and at most {self.high:g}"
            raise ArgumentError(f"{wanted}, got {value}", [name])
        return value
