"""What the meta-level sees: the last H generations in a window that does not depend on the population's size."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from bierl_fast import finite, kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64, Arrays, GenerationReport, StrategyReport
from bierl_fast.meta.signals import FIRST, Memory, checked, numbers
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.strategy.checks import require_arrays
from bierl_fast.turns import TakesTurns

TOLD = ("path_ratio", "path_rate", "step_ratio")  # numbers of a StrategyReport that csa and tpa read
TOLD_FIRST = 2  # of them in states of before
NAMES = ("window", "counts", "latest", "used", "told")  # of a centre's arrays in a state
CENTER = re.compile(r"center([1-9]\d{0,8})_")  # before those of another centre than the first


@public
@dataclass(frozen=True, slots=True)
class Range:
    """Where a meta-level may move one hyperparameter: low < high, both positive on a log scale."""

    low: float
    high: float
    scale: Literal["log", "linear"] = "log"

    def __post_init__(self) -> None:
        """ArgumentError when the range is empty or does not fit its scale, or there is no such scale."""
        choice("scale", self.scale, ("log", "linear"), ["scales"])
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ArgumentError(f"a range needs finite low < high, got [{self.low}, {self.high}]")
        if self.scale == "log" and self.low <= 0.0:
            raise ArgumentError(f"a range on a log scale needs low > 0, got [{self.low}, {self.high}]")

    def require(self, name: str, value: float) -> None:
        """ArgumentError unless single precision holds the value, and the range's scale has it."""
        most = finite.LARGEST32
        if not (abs(value) <= most and (value > 0.0 or self.scale == "linear")):
            wanted = f"above 0 and at most {most:.3g}" if self.scale == "log" else f"at most {most:.3g} in magnitude"
            raise ArgumentError(f"{name} must be {wanted}, got {value}")

    def position(self, value: float) -> float:
        """Where a value stands: 0 at low, 1 at high, on the range's scale."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    @property
    def width(self) -> float:
        """High minus low on the range's scale; nats on a log scale."""
        return self._scaled(self.high) - self._scaled(self.low)

    def moved(self, value: float, distance: float) -> float:
        """`value` moved by `distance` on the range's scale; exactly `value` for 0. Never leaves the range."""
        if distance == 0.0:
            return value
        try:
            moved = value * math.exp(distance) if self.scale == "log" else value + distance
        except OverflowError:  # beyond every range
            return self.high
        return min(max(moved, self.low), self.high)

    def distance(self, start: float, end: float) -> float:
        """How far apart two values stand on the range's scale."""
        return self._scaled(end) - self._scaled(start)

    def at(self, position: float) -> float:
        """The value that stands at a position in [0, 1]; the inverse of `position`."""
        return self.moved(self.low, min(max(position, 0.0), 1.0) * self.width)

    def _scaled(self, value: float) -> float:
        if self.scale == "linear":
            return value
        if value <= 0.0:
            raise ArgumentError(f"a value on a log scale must be above 0, got {value}")
        return math.log(value)


@public
class History(TakesTurns, called="history"):
    """The fitness buffer, fed by generation reports; one window for each centre of the strategy.

    A centre's window holds the generations that were drawn around it. Most strategies have one centre, 0.

    Args:
        length: H, generations kept.
        quantiles: Q, quantiles of the sorted, standardised returns.
        ranges: the adapted hyperparameters in order; each row of the window has their positions, scaled to [-1, 1],
            and then the signals.
        signals: names of signals.SIGNALS, in order. With others than the first three, what they need is remembered.

    Raises:
        ArgumentError: a size that cannot be, a name that is no signal's or stands twice.
    """

    def __init__(
        self,
        *,
        length: int = 16,
        quantiles: int = 32,
        ranges: Mapping[str, Range] = MappingProxyType({}),
        signals: Sequence[str] = FIRST,
    ) -> None:
        """See the class."""
        self.ranges = dict(ranges)
        self.signals = checked(signals)
        self._remembers = not set(self.signals) <= set(FIRST)
        self._sizes = (length, quantiles, len(self.ranges) + len(self.signals))
        self._centers: dict[int, _Window] = {0: _Window(*self._sizes)}
        self.generations = 0  # appended so far
        self.inner_steps = 0  # env steps of all these generations
        self.longest_episode = 0  # env steps, in the latest generation

    def __reduce__(self) -> tuple[Any, ...]:
        length, quantiles, _ = self._sizes
        return _again, (length, quantiles, self.ranges, tuple(self.signals), self.state())

    @property
    def features(self) -> int:
        """Numbers in one row of the window."""
        return int(self._centers[0].buffer.features)

    def append(self, report: GenerationReport) -> None:
        """Take in one generation."""
        positions = [2.0 * bounds.position(report.hyperparameters[name]) - 1.0 for name, bounds in self.ranges.items()]
        strategy = report.strategy
        own = self._centers.setdefault(strategy.center, _Window(*self._sizes))
        if self._remembers:
            own.memory = own.memory.after(strategy, report.hyperparameters)
        own.push(strategy, np.array([*positions, *numbers(self.signals, strategy, own.memory)], np.float64))
        own.latest = {name: report.hyperparameters[name] for name in self.ranges}
        own.told = {name: float(getattr(strategy, name)) for name in TOLD}
        self.generations += 1
        self.inner_steps += report.inner_steps
        self.longest_episode = strategy.longest_episode

    def window(self, center: int = 0) -> F32:
        """(H, features) float32, oldest first, a copy; zeros for a centre not yet drawn around.

        See csrc/bierl/core/fitness_buffer.hpp.
        """
        own = self._centers.get(center)
        return np.zeros((self._sizes[0], self.features), np.float32) if own is None else own.rows()

    def latest(self, center: int = 0) -> dict[str, float]:
        """The adapted hyperparameters as last used around a centre; empty at first."""
        own = self._centers.get(center)
        return {} if own is None else dict(own.latest)

    def told(self, center: int = 0) -> dict[str, float]:
        """What the strategy's latest report around a centre said, by the names in TOLD; nan where it did not."""
        own = self._centers.get(center)
        return dict.fromkeys(TOLD, math.nan) if own is None else dict(own.told)

    def memory(self, center: int = 0) -> Memory:
        """What has gone on around a centre; of a history with more than the first signals."""
        own = self._centers.get(center)
        return Memory() if own is None else own.memory

    def state(self) -> Arrays:
        """The windows and what their next rows are compared with; names of centre c above 0 begin with `center{c}_`."""
        arrays: Arrays = {"inner_steps": np.array([self.inner_steps])}
        for center, own in self._centers.items():
            named = own.state(self.generations, self.longest_episode)
            if self._remembers:
                named["memory"] = own.memory.array()
            else:
                named["told"] = named["told"][:TOLD_FIRST]  # as format 1 has it; nobody reads the rest
            arrays.update({_prefix(center) + name: array for name, array in named.items()})
        return arrays

    def load(self, arrays: Arrays) -> None:
        """Continue from `state`; nothing is changed by arrays that are none of this history's.

        Raises:
            ArgumentError: one is lacking, is another, or there is none of its name.
        """
        others = {int(found[1]) for name in arrays if (found := CENTER.match(name))}
        centers, saved = {}, dict(arrays)
        inner_steps = saved.pop("inner_steps", np.zeros(1, np.int64))  # format 1 began without
        require_arrays({"inner_steps": inner_steps}, {"inner_steps": np.zeros(1, np.int64)})
        for center in (0, *sorted(others)):
            prefix = _prefix(center)
            # Format 1 began without what the strategy told, and then with the first of it.
            told = np.asarray(saved.get(f"{prefix}told", np.zeros(0)))
            if told.ndim == 1 and told.dtype == np.float64 and told.size in {0, TOLD_FIRST}:
                saved[f"{prefix}told"] = np.append(told, np.full(len(TOLD) - told.size, math.nan))
            own = {name: saved.pop(prefix + name) for name in NAMES if prefix + name in saved}
            centers[center] = _Window(*self._sizes)
            centers[center].load(own, self.ranges)
            if self._remembers:
                centers[center].memory = Memory.of(np.asarray(saved.pop(f"{prefix}memory", 0.0)))
        if saved:
            raise ArgumentError(f"a history has no arrays {sorted(saved)}")
        _, self.generations, self.longest_episode = (int(n) for n in arrays["counts"])
        self.inner_steps = int(inner_steps[0])
        self._centers = centers


def _again(length: int, quantiles: int, ranges: Mapping[str, Range], signals: Sequence[str], state: Arrays) -> History:
    """A copied or unpickled history."""
    history = History(length=length, quantiles=quantiles, ranges=ranges, signals=signals)
    history.load(state)
    return history


class _Window:
    """One centre's part of the history."""

    def __init__(self, length: int, quantiles: int, scaled: int) -> None:
        self.buffer = kernels.FitnessBuffer(length, quantiles, scaled)
        self.latest: dict[str, float] = {}
        self.told = dict.fromkeys(TOLD, math.nan)
        self.memory = Memory()
        self._powers = 0  # of two, that the buffer's last mean and centre are divided by; see finite.py

    def push(self, strategy: StrategyReport, scaled: F64) -> None:
        """Take in one generation's returns, which are compared with the last: in one scale, where squares hold."""
        powers = finite.exponent(strategy.returns_n[~strategy.failed_n], strategy.center_return)
        if powers != self._powers:
            mean, center = (float(x) for x in finite.scaled(self._last(), powers))
            self.buffer.restore(self.rows(), self.buffer.filled, mean, center)
            self._powers = powers
        returns_n = finite.scaled(strategy.returns_n, powers)
        self.buffer.push(returns_n, strategy.failed_n, float(finite.scaled(strategy.center_return, powers)), scaled)

    def _last(self) -> F64:
        """Mean and centre of the last generation, in the task's units."""
        return finite.scaled([self.buffer.last_mean, self.buffer.last_center], -self._powers)

    def rows(self) -> F32:
        return np.array(self.buffer.window(), copy=True)

    def state(self, generations: int, longest_episode: int) -> Arrays:
        return {
            "window": self.rows(),
            "counts": np.array([self.buffer.filled, generations, longest_episode], np.int64),
            "latest": self._last().copy(),
            "used": np.array(list(self.latest.values()), np.float64),
            "told": np.array(list(self.told.values()), np.float64),
        }

    def load(self, arrays: Arrays, ranges: Mapping[str, Range]) -> None:
        like, window = self.state(0, 0), arrays.get("window", np.zeros(0))
        if window.shape == (self.buffer.history, self.buffer.features - len(FIRST)):
            # Format 1 began without signals; they stand before the last two features.
            window = np.insert(window, [window.shape[1] - 2] * len(FIRST), np.float32(0.0), axis=1)
        used = arrays.get("used", np.zeros(0))
        like["used"] = np.zeros(len(ranges) if used.size else 0)  # none before the first generation
        require_arrays({**arrays, "window": window}, like, loose=("latest", "told"), whose="the history's")
        self.latest = dict(zip(ranges, used.tolist(), strict=bool(used.size)))
        for name, value in self.latest.items():
            ranges[name].require(f"used {name}", value)
        self.told = dict(zip(TOLD, (float(x) for x in arrays["told"]), strict=True))
        mean, center = (float(x) for x in arrays["latest"])
        self.buffer.restore(np.ascontiguousarray(window, np.float32), int(arrays["counts"][0]), mean, center)
        self._powers = 0


def _prefix(center: int) -> str:
    return f"center{center}_" if center else ""


def default_range(value: float, scale: Literal["log", "linear"]) -> Range:
    """A factor of 100 either side of `value` on a log scale; [0, 2 * value] (or [0, 1] around zero) on a linear one."""
    if scale == "log":
        return Range(value / 100.0, value * 100.0, "log")
    return Range(0.0, 2.0 * value, "linear") if value > 0.0 else Range(0.0, 1.0, "linear")
