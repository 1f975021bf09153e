"""Runs as text, for a terminal: their return as a plot, and where each of them stands.

[Curves, ...] -> text_of -> lines
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bierl_fast import columns
from bierl_fast.messages import F64
from bierl_fast.optional import optional
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.picture.lines import Line, over_seeds

HEIGHT = 16  # lines of the plot
MARGIN = 14  # columns of numbers beside it
NARROWEST = 20
COLORS = ("blue", "yellow", "green", "red", "magenta", "cyan", "white")
HEADINGS = (
    "run",
    "generations",
    "env steps",
    "return",
    "best",
    "evaluated",
    "sigma",
    "learning rate",
    "steps/s",
    "meta",
)


def text_of(runs: Sequence[Curves], title: str, against: str, width: int = 80) -> str:
    """A plot `width` columns wide and a table; see figure_of for what stands for what.

    Raises:
        InstallationError: plotille is missing.
    """
    plotille = optional("plotille", "plot", "a plot in the terminal")
    centers = all(run.has_center for run in runs)
    figure = plotille.Figure()
    figure.width, figure.height = max(NARROWEST, width - MARGIN), HEIGHT
    figure.color_mode = "names"  # plotille leaves colors out where standard output is no terminal
    figure.x_label, figure.y_label = AGAINST[against], "return" if centers else "mean return"
    figure.register_label_formatter(float, _tick)
    figure.set_x_limits(min_=0.0)
    labels = list(dict.fromkeys(run.label for run in runs))
    for number, label in enumerate(labels):
        own = [run.line(against, run.returns(centers)) for run in runs if run.label == label]
        line = _median([line for line in own if line.x_g.size])
        if line is not None:
            figure.plot(line.x_g, line.y_g, lc=COLORS[number % len(COLORS)], label=label)
    drawn = figure.show(legend=len(labels) > 1)
    return "\n".join([title, drawn, "", *columns.lines(standings(runs), left=[0])])


def standings(runs: Sequence[Curves]) -> list[list[str]]:
    """Where each of them stands: a head, and a row for each; a column of dashes alone is left out."""
    centers = all(run.has_center for run in runs)
    rows = [_row(run, centers) for run in runs]
    kept = [column for column in range(len(HEADINGS)) if any(row[column] != "-" for row in rows)]
    return [[HEADINGS[column] for column in kept], *([row[column] for column in kept] for row in rows)]


def _median(lines: Sequence[Line]) -> Line | None:
    if len(lines) < 2:
        return lines[0] if lines else None
    grid, (_, median, _) = over_seeds(lines)
    found = Line.finite(grid, median)
    return found if found.x_g.size else None


def _tick(value: float, chars: int, delta: float, left: bool = False) -> str:
    text = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}" if abs(value) < 1e7 else f"{value:.3g}"
    return text.ljust(chars) if left else text.rjust(chars)


def _row(run: Curves, centers: bool) -> list[str]:
    def last(values: F64) -> float:
        there = values[np.isfinite(values)]
        return float(there[-1]) if there.size else math.nan

    def best(values: F64) -> float:
        return float(np.nanmax(values)) if np.isfinite(values).any() else math.nan

    returns = run.returns(centers)
    steps, spent = last(run.column("env_steps")), float(np.nansum(run.seconds()))
    return [
        ", ".join(filter(None, [run.name, run.label])),
        f"{run.records[-1]['generation'] + 1:,}",
        _number(steps, ",.0f"),
        _number(last(returns), ".5g"),
        _number(best(returns), ".5g"),
        _number(last(run.evaluations()), ".5g"),
        _number(last(run.column("sigma")), ".3g"),
        _number(last(run.column("learning_rate")), ".3g"),
        _number(steps / spent if spent else math.nan, ",.0f"),
        _number(last(run.meta_share()), ".0%"),
    ]


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "-"
