"""From raw network outputs to hyperparameters: a place in each range, or a step from the value now in use.

    raw (K,) -> Outputs.hyperparameters -> Hyperparameters, inside their ranges

All outputs at zero give exactly the configured hyperparameters (absolute) or those now in use (relative).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.history import Range
from bierl_fast.meta.settings import OUTPUTS, GeneratorSettings, MetaSettings
from bierl_fast.names import choice

SETTLED = 0.02  # of its first length: a step that still moves nothing by more than a few per cent


@dataclass(frozen=True, slots=True)
class Outputs:
    """What raw numbers mean.

    Attributes:
        start: the configured hyperparameters, complete and within their ranges.
        ranges: the adapted ones, in the order of the raw numbers.
        kind: "absolute": a place in the range, wherever the value now in use stands; "relative": a step from it, so
            that a network can move a value it knows nothing of.
        max_move: largest factor of a relative step (on a linear range its logarithm is a share of the range).
        settling: generations after which relative steps are half as long, and then shorter with the square of their
            number, so that all together are bounded: a generator first mends what is mis-set, and then holds it,
            where noise in what it reads would go on moving it. None: they stay as long.

    Raises:
        ArgumentError: an unknown kind (the nearest is offered), settling that is not positive, or of absolute outputs.
    """

    start: Hyperparameters
    ranges: Mapping[str, Range]
    kind: str = "absolute"
    max_move: float = 1.5
    settling: float | None = None

    @classmethod
    def of(
        cls, start: Hyperparameters, ranges: Mapping[str, Range], shape: GeneratorSettings, settings: MetaSettings
    ) -> Outputs:
        """Those of a generator with these settings."""
        return cls(start, ranges, shape.generator_output, settings.max_move, settings.settling)

    def __post_init__(self) -> None:
        """See the class."""
        choice("kind of generator output", self.kind, OUTPUTS)
        if self.settling is None:
            return
        if not (math.isfinite(self.settling) and self.settling > 0.0):
            raise ArgumentError(f"meta_settling must be positive and finite, got {self.settling}")
        if self.kind != "relative":
            raise ArgumentError(
                f"meta_settling needs generator_output 'relative', got {self.kind!r}: there are no moves"
            )

    def reach(self, generations: int) -> float:
        """What relative steps are multiplied by after so many generations; 1 at first."""
        return 1.0 if self.settling is None else 1.0 / (1.0 + (generations / self.settling) ** 2)

    def settled(self, generations: int) -> bool:
        """Whether what is left of the steps moves nothing that could be noticed."""
        return self.reach(generations) < SETTLED

    @property
    def largest_spread(self) -> float:
        """Standard deviation of ln(proposal) that outputs can have without piling up at their ends."""
        return math.inf if self.kind == "absolute" else math.log(self.max_move) / 2.0

    def hyperparameters(self, raw: Sequence[float], used: Mapping[str, float], generations: int = 0) -> Hyperparameters:
        """Complete hyperparameters; `used` are the adapted ones now in use, those missing stand where configured."""
        values = {}
        for (name, bounds), output in zip(self.ranges.items(), raw, strict=True):
            if self.kind == "absolute":
                values[name] = bounds.moved(self.start[name], _squashed(output, bounds, self.start[name]))
            else:
                longest = math.log(self.max_move) * self.reach(generations)
                unit = longest * (1.0 if bounds.scale == "log" else bounds.width)
                values[name] = bounds.moved(used.get(name, self.start[name]), unit * math.tanh(output))
        return self.start.replace(**values)

    def relative(self, name: str, start: float, end: float) -> float:
        """Distance in nats on a log scale, in shares of the range on a linear one."""
        bounds = self.ranges[name]
        distance = bounds.distance(start, end)
        return distance if bounds.scale == "log" else distance / bounds.width

    def limited(self, wanted: Hyperparameters, used: Mapping[str, float]) -> Hyperparameters:
        """`wanted`, no adapted value further than `max_move` from the one now in use."""
        largest = math.log(self.max_move)
        moved = {}
        for name, value in used.items():
            distance = self.relative(name, value, wanted[name])
            if abs(distance) > largest:
                bounds = self.ranges[name]
                unit = 1.0 if bounds.scale == "log" else bounds.width
                moved[name] = bounds.moved(value, math.copysign(largest * unit, distance))
        return wanted.replace(**moved)


def _squashed(raw: float, bounds: Range, start: float) -> float:
    """Distance from `start`: a quarter of the range's width a unit of `raw` near zero, flat at the range's ends.

    For a start in the middle this is the logistic function; elsewhere each side is flattened by itself, so that a
    start near an end can still leave it.
    """
    room = bounds.distance(start, bounds.high if raw > 0.0 else bounds.low)
    return room * math.tanh(abs(raw) * bounds.width / (4.0 * abs(room))) if room else 0.0
