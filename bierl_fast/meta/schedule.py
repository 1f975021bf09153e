"""Hyperparameters by a rule of time: from the configured value to an end value, over a horizon of their own.

    history's generations, or env steps -> progress in [0, 1] -> linear, cosine, exponential or hold -> Hyperparameters

The horizon is a setting, never a run's planned end: a run that goes on, or is resumed, has the same values at the
same time. Behind the horizon they stay at the end value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.history import History, Range
from bierl_fast.settings import FAR, Section, setting

USUAL_END = 0.1  # of the configured value


def _linear(start: float, end: float, progress: float) -> float:
    return start + (end - start) * progress


def _cosine(start: float, end: float, progress: float) -> float:
    """Half a cosine: flat at both ends. Source: Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts."""
    return end + (start - end) * (1.0 + math.cos(math.pi * progress)) / 2.0


def _exponential(start: float, end: float, progress: float) -> float:
    """By the same factor in equal times."""
    return start * math.exp(progress * math.log(end / start))


def _hold(start: float, end: float, progress: float) -> float:
    """The configured value until the horizon, the end value from there on."""
    return start if progress < 1.0 else end


SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "linear": _linear,
    "cosine": _cosine,
    "exponential": _exponential,
    "hold": _hold,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings(Section):
    """How hyperparameters go with time; `end` in the order of what is adapted."""

    title: ClassVar[str] = "schedule"
    prefix: ClassVar[str] = "schedule_"

    horizon: int | None = setting(
        None, "when meta-level schedule reaches its end values, in schedule_unit; stays there", at_least=1, at_most=FAR
    )
    unit: str = setting(
        "generations", "what schedule_horizon counts: generations, or env steps", choices=("generations", "steps")
    )
    shape: str = setting("linear", "the way from configured to end values", choices=tuple(SHAPES))
    end: tuple[float, ...] | None = setting(
        None, "end value of each hyperparameter in adapt (none: a tenth of the configured ones)"
    )


class Schedule(MetaLevel):
    """Moves every adapted hyperparameter from its configured value to an end value. Costs no env steps.

    All centres of a strategy that has several share the time.

    Args:
        hyperparameters: the configured ones, complete.
        ranges: the adapted ones, in order.
        settings: horizon, unit, shape and end values.

    Raises:
        ArgumentError: no horizon, another number of end values, one outside its range, or an exponential to or from 0.
    """

    def __init__(
        self, hyperparameters: Hyperparameters, ranges: Mapping[str, Range], settings: ScheduleSettings
    ) -> None:
        """See the class."""
        if settings.horizon is None:
            raise ArgumentError(
                "meta 'schedule' needs schedule_horizon, the generations (or env steps, see schedule_unit) until the "
                "end values are reached, got none"
            )
        self._configured = hyperparameters
        self._horizon, self._by_steps = settings.horizon, settings.unit == "steps"
        self._value = SHAPES[settings.shape]
        self._ends = _ends(hyperparameters, ranges, settings)

    def propose(self, history: History, center: int = 0) -> Hyperparameters:
        """The values at the next generation: exactly the configured ones at the first."""
        passed = history.inner_steps if self._by_steps else history.generations
        if passed == 0:
            return self._configured
        progress = passed / self._horizon
        if progress >= 1.0:
            return self._configured.replace(**self._ends)
        return self._configured.replace(
            **{name: self._value(self._configured[name], end, progress) for name, end in self._ends.items()}
        )


def _ends(start: Hyperparameters, ranges: Mapping[str, Range], settings: ScheduleSettings) -> dict[str, float]:
    given = tuple(USUAL_END * start[name] for name in ranges) if settings.end is None else settings.end
    if len(given) != len(ranges):
        raise ArgumentError(
            f"schedule_end must hold one value for each hyperparameter in adapt ({', '.join(ranges)}), "
            f"got {len(given)}: {list(given)}"
        )
    ends = dict(zip(ranges, given, strict=True))
    for name, end in ends.items():
        bounds = ranges[name]
        if not bounds.low <= end <= bounds.high:
            source = "in schedule_end" if settings.end else "without schedule_end, a tenth of the configured one,"
            raise ArgumentError(
                f"the end value of {name} {source} must lie in its range [{bounds.low:g}, {bounds.high:g}], got {end:g}"
                f"{'' if settings.end else '; give schedule_end'}"
            )
        if settings.shape == "exponential" and not start[name] * end > 0.0:
            raise ArgumentError(
                f"an exponential schedule of {name} needs values of one sign, neither 0, got {start[name]:g} and "
                f"{end:g}; take schedule_shape 'linear'"
            )
    return ends
