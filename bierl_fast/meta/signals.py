"""Numbers of one generation that a meta-level reads beside the returns' quantiles: whatever the task's scale.

    StrategyReport -> Memory.after -> Memory          what has gone on around one centre since the start
    StrategyReport, Memory -> numbers(names) -> (K,)  each within +-CUT, 0 where it says nothing

A window has those signals that its generator was made with, by name: FIRST is what all had before there were others.

Source of the drop: in probes of four tasks it was the one number that told a sigma far too large from a right one on
all of them: candidates stood 42 below the centre where 2 had been gained (Reacher), 866 of 1,000 (Hopper), 498 of 480
(HalfCheetah), and 2 of 480 at a sigma that was right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F64, StrategyReport
from bierl_fast.names import choice
from bierl_fast.strategy.riders import PROBE, TPA

CUT = 4.0  # of a signal, either way
SHARE = 0.3  # of the latest generation in what is smoothed
FIRST = ("odd_share", "step_ratio", "alignment")
OF_RIDERS: Mapping[str, tuple[str, ...]] = {TPA: ("tpa",), PROBE: ("probe_agreement", "probe_slope")}
OF_PROGRESS = ("drop", "gain", "fall", "spread", "age", "candidates")


@dataclass(frozen=True, slots=True)
class Memory:
    """What has gone on around one centre, in units of its returns; NaN before the first generation.

    Attributes:
        generations: drawn around it so far.
        start: the centre's return in its first generation (the candidates' mean where it was not run).
        start_spread: standard deviation of the candidates' returns then.
        center: its return, smoothed.
        best: the largest that was.
        tpa: what riders along the last step said, smoothed; 0 at first.
        drop: see `drop`, smoothed; 0 at first.
        reach: ln of (step over a sample's noise) * sigma / learning rate, smoothed: how long the steps are that a
            learning rate of sigma makes. NaN where no step told.
    """

    generations: float = 0.0
    start: float = math.nan
    start_spread: float = math.nan
    center: float = math.nan
    best: float = math.nan
    tpa: float = 0.0
    drop: float = 0.0
    reach: float = math.nan

    def after(self, report: StrategyReport, hyperparameters: Mapping[str, float]) -> Memory:
        """The memory one generation on, which was drawn and learned from with these hyperparameters."""
        level = report.center_return if math.isfinite(report.center_return) else report.mean_return
        began = self.generations == 0.0
        center = level if began else _smoothed(self.center, level)
        known = Memory(
            self.generations + 1.0,
            level if began else self.start,
            spread_of(report) if began else self.start_spread,
            center,
            center if began else max(self.best, center),
            self.tpa,
            self.drop,
            self.reach,
        )
        tpa, dropped, reached = report.tpa, _cut(drop(report, known)), _reach(report, hyperparameters)
        return replace(
            known,
            reach=_next(self.reach, reached),
            tpa=_next(self.tpa, tpa),
            drop=self.drop if math.isnan(dropped) else dropped if began else _smoothed(self.drop, dropped),
        )

    @property
    def gain(self) -> float:
        """How far the centre stands above its start; below 0 where it fell."""
        return self.center - self.start

    def array(self) -> F64:
        """It as an array, for a history's state."""
        return np.array(astuple(self), np.float64)

    @classmethod
    def of(cls, array: np.ndarray) -> Memory:
        """What `array` gave; ArgumentError when it is none."""
        size = len(fields(cls))
        if array.shape not in {(size,), (size - 1,)} or array.dtype.kind != "f":  # states of before had no reach
            raise ArgumentError(f"a history's memory must be {size} numbers, got shape {array.shape}")
        known = cls(*(float(value) for value in array))
        told = array[: size - 1] if known.generations else array[[0, size - 3, size - 2]]
        if not np.isfinite(told).all() or math.isinf(known.reach) or known.generations < 0.0:
            raise ArgumentError("a history's memory must be finite numbers after its first generation")
        return known


def _reach(report: StrategyReport, hyperparameters: Mapping[str, float]) -> float:
    """Of one generation; NaN where its step or its noise has no length."""
    sigma, rate = (hyperparameters.get(name, math.nan) for name in ("sigma", "learning_rate"))
    told = (report.step_ratio, sigma, rate)
    if not all(math.isfinite(value) and value > 0.0 for value in told):
        return math.nan
    return math.log(report.step_ratio) + math.log(sigma) - math.log(rate)


def _next(before: float, now: float) -> float:
    """What is known after a number that may say nothing, NaN, where nothing may have been known before, NaN too."""
    if math.isnan(now):
        return before
    return now if math.isnan(before) else _smoothed(before, now)


def _smoothed(before: float, now: float) -> float:
    return (1.0 - SHARE) * before + SHARE * now


def _cut(value: float) -> float:
    """`value` within +-CUT; NaN stays."""
    return value if math.isnan(value) else min(max(value, -CUT), CUT)


def spread_of(report: StrategyReport) -> float:
    """Standard deviation (ddof 0) of the returns that did not fail."""
    kept = report.returns_n[~report.failed_n]
    largest = float(np.abs(kept).max(initial=0.0)) or 1.0  # squares stay finite
    return float(np.std(kept / largest)) * largest


def _over(value: float, unit: float) -> float:
    return value / unit if unit > 0.0 else math.nan


def drop(report: StrategyReport, memory: Memory) -> float:
    """How far the candidates' mean stands below the centre, over (gain since the start + spread of returns).

    Small where the return is nearly level over their reach, towards 1 and more where sigma is so large that candidates
    have lost what the centre has learned. NaN without the centre's return.
    """
    return _over(report.center_return - report.mean_return, max(memory.gain, 0.0) + spread_of(report))


def _gain(report: StrategyReport, memory: Memory) -> float:
    return _over(memory.gain, abs(memory.gain) + spread_of(report))


def _fall(report: StrategyReport, memory: Memory) -> float:
    return _over(memory.best - report.mean_return, max(memory.best - memory.start, 0.0) + spread_of(report))


def _spread(report: StrategyReport, memory: Memory) -> float:
    now, then = spread_of(report), memory.start_spread
    if now > 0.0 and then > 0.0:
        return (math.log(now) - math.log(then)) / 4.0
    return -CUT if then > 0.0 else math.nan


def _step(report: StrategyReport, memory: Memory) -> float:
    return math.log(report.step_ratio) / 2.0 if report.step_ratio > 0.0 else math.nan


Signal = Callable[[StrategyReport, Memory], float]
SIGNALS: dict[str, Signal] = {
    "odd_share": lambda report, _: report.odd_share,  # how much of the returns changes sign with the noise
    "step_ratio": _step,  # ln(step over noise) / 2
    "alignment": lambda report, _: report.alignment / 2.0,  # of this direction with the path before it
    "tpa": lambda report, _: report.tpa,  # whether the last direction still leads up
    "probe_agreement": lambda report, _: report.probe_agreement,  # of slopes at two sigmas
    "probe_slope": lambda report, _: report.probe_slope / math.log(2.0),  # -1: as a step function, or noise, has it
    "drop": drop,  # the candidates below the centre, in units of what was gained
    "gain": _gain,  # the centre above its start, over itself and the spread
    "fall": _fall,  # the candidates below the best that the centre was
    "spread": _spread,  # ln(spread over that of the start) / 4; all candidates alike: -CUT
    "age": lambda _, memory: math.log1p(memory.generations) / 5.0,  # generations around this centre
    "candidates": lambda report, _: math.log(report.returns_n.size) / 5.0,  # how far any of this can be believed
}


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """`names`, each of SIGNALS and once; else ArgumentError with the nearest."""
    for name in names:
        choice("signal of a window", name, SIGNALS, ["signals"])
    if len(set(names)) != len(names):
        raise ArgumentError(f"signals must name each signal once, got {list(names)}", ["signals"])
    return tuple(names)


def told_by(riders: Sequence[str]) -> tuple[str, ...]:
    """The window of a generator for a run with these riders: what they tell, and of progress; FIRST without any."""
    told = tuple(name for rider in riders for name in OF_RIDERS[rider])
    return (*FIRST, *told, *OF_PROGRESS) if riders else FIRST


def riders_of(names: Sequence[str]) -> tuple[str, ...]:
    """The riders that tell some of these signals."""
    return tuple(rider for rider, told in OF_RIDERS.items() if set(told) & set(names))


def numbers(names: Sequence[str], report: StrategyReport, memory: Memory) -> list[float]:
    """The signals of these names, each within +-CUT, 0 where it says nothing."""
    values = [SIGNALS[name](report, memory) for name in names]
    return [0.0 if math.isnan(value) else _cut(value) for value in values]
