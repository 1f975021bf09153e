"""What pictures of runs show, whoever draws them: matplotlib, or a page for a browser.

[Curves, ...] -> charts_of -> [Chart, ...]          the returns first, then what steered the runs and what that cost
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.picture.curves import Curves
from bierl_fast.picture.lines import FARTHEST, Line, over_seeds

LINE, BAND, MARKS = "line", "band", "marks"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One thing that is drawn.

    Attributes:
        kind: LINE or MARKS at (x_g, y_g), or BAND between y_g and top_g.
        label: what a legend calls it; "" for a band that goes with its line.
        number: traces of one number share a color.
    """

    kind: str
    label: str
    number: int
    x_g: F64
    y_g: F64
    top_g: F64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One panel.

    Attributes:
        title: of its vertical axis.
        logarithmic: that axis; otherwise it begins at 0, unless `shown` says from where to where it goes.
        spacious: it wants the whole width.
    """

    title: str
    traces: Sequence[Trace]
    logarithmic: bool = False
    shown: tuple[float, float] | None = None
    spacious: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One number of each generation."""

    title: str
    of: Callable[[Curves], F64]
    logarithmic: bool = False


SIGMA = Panel("sigma", lambda run: run.column("sigma"), logarithmic=True)
LEARNING_RATE = Panel("learning rate", lambda run: run.column("learning_rate"), logarithmic=True)
STEPS_A_SECOND = Panel("env steps a second", Curves.steps_a_second)
META_SHARE = Panel("share of env steps spent on the meta-level", Curves.meta_share)
BELOW = (SIGMA, LEARNING_RATE, STEPS_A_SECOND, META_SHARE)


def labels_of(runs: Sequence[Curves]) -> list[str]:
    """Each once, in their order."""
    return list(dict.fromkeys(run.label for run in runs))


def charts_of(runs: Sequence[Curves], against: str, below: Sequence[Panel] = BELOW) -> list[Chart]:
    """The returns, then each of `below` of which some run has a number other than 0.

    One run: its centre, the band between its candidates' mean and best, its evaluations. Several: for each label the
    median over its runs and their middle half, or its one run and that one's evaluations; where some run has no
    centre's return, the candidates' mean stands for it in all.
    """
    there = [panel for panel in below if any(np.nan_to_num(panel.of(run)).any() for run in runs)]
    return [returns(runs, against), *(_chart(panel, runs, against) for panel in there)]


def returns(runs: Sequence[Curves], against: str) -> Chart:
    """The chart of their returns."""
    centers = all(run.has_center for run in runs)
    traces: list[Trace] = []
    for number, label in enumerate(labels_of(runs)):
        own = [run for run in runs if run.label == label]
        if len(runs) == 1:
            traces.append(_candidates(own[0], against, number))
        traces += median([run.line(against, run.returns(centers)) for run in own], label, number)
        found = own[0].line(against, own[0].evaluations()) if len(own) == 1 else Line.finite(np.zeros(0), np.zeros(0))
        if found.x_g.size:
            traces.append(Trace(MARKS, "evaluated", number, found.x_g, found.y_g))
    title = "return of the centre" if centers else "mean return"
    return Chart(title, traces, shown=without_the_worst(traces), spacious=True)


def _candidates(run: Curves, against: str, number: int) -> Trace:
    """The band of one run's candidates."""
    low, high = (np.clip(run.column(name), -FARTHEST, FARTHEST) for name in ("mean_return", "max_return"))
    return Trace(BAND, "candidates, from their mean to the best", number, run.x(against), low, high)


def _chart(panel: Panel, runs: Sequence[Curves], against: str) -> Chart:
    traces = chain.from_iterable(
        median([run.line(against, panel.of(run)) for run in runs if run.label == label], label, number)
        for number, label in enumerate(labels_of(runs))
    )
    return Chart(panel.title, list(traces), panel.logarithmic)


def median(lines: Sequence[Line], label: str, number: int) -> Iterator[Trace]:
    """The median of some seeds and their middle half; of one alone every generation as it is."""
    lines = [line for line in lines if line.x_g.size]
    if len(lines) == 1:
        yield Trace(LINE, label, number, lines[0].x_g, lines[0].y_g)
    elif lines:
        grid, (low, middle, high) = over_seeds(lines)
        yield Trace(BAND, "", number, grid, low, high)
        yield Trace(LINE, label, number, grid, middle)


def without_the_worst(traces: Sequence[Trace]) -> tuple[float, float] | None:
    """From where to where to show these, without how far down their worst tenth goes: it would hide all else."""
    ends = [part for trace in traces for part in (trace.y_g, trace.top_g) if part is not None]
    values = np.concatenate([np.zeros(0), *ends])
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low, high = float(np.quantile(values, 0.1)), float(values.max())
    room = 0.05 * (high - low) or 1.0
    return max(low - 4 * room, float(values.min()) - room), high + room
