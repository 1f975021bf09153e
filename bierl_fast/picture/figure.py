"""Runs as a figure of matplotlib: what they reached, what steered them, what it cost.

[Curves, ...] -> figure_of -> Picture -> file, or shown in a notebook
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.picture import panels
from bierl_fast.picture.curves import AGAINST, Curves


@dataclass(frozen=True, slots=True)
class Panel:
    """One number of each generation."""

    title: str
    of: Callable[[Curves], F64]
    logarithmic: bool = False


BELOW = (
    Panel("sigma", lambda run: run.column("sigma"), logarithmic=True),
    Panel("learning rate", lambda run: run.column("learning_rate"), logarithmic=True),
    Panel("env steps a second", Curves.steps_a_second),
    Panel("share of env steps spent on the meta-level", Curves.meta_share),
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A figure, which notebooks show as it is."""

    figure: Any  # matplotlib.figure.Figure

    def encoded(self, kind: str) -> bytes:
        """A file of that kind: png, svg or pdf."""
        return panels.encoded(self.figure, kind)

    def _repr_png_(self) -> bytes:
        return self.encoded("png")


def figure_of(runs: Sequence[Curves], title: str, against: str) -> Picture:
    """The return above, over the whole width; below what the run was steered by and what it spent.

    One run: its centre, the band between its candidates' mean and best, its evaluations. Several: for each label the
    median over its runs and their middle half, or its one run and that one's evaluations; where some run has no
    centre's return, the candidates' mean stands for it in all. A panel of which no run has a number is left out.

    Raises:
        InstallationError: matplotlib is missing.
    """
    below = [panel for panel in BELOW if any(np.nan_to_num(panel.of(run)).any() for run in runs)]
    rows = 1 + -(-len(below) // 2)
    figure = panels.new_figure(rows)
    grid = figure.add_gridspec(rows, 2)
    top = panels.new_panel(figure, grid[0, :])
    _returns(top, runs, against)
    top.set_title(title, fontsize=9, loc="left")
    for place, what in enumerate(below):
        _panel(panels.new_panel(figure, grid[1 + place // 2, place % 2]), what, runs, against)
    for panel in figure.axes:
        panel.set_xlabel(AGAINST[against], fontsize=8)
        panel.tick_params(which="both", labelsize=8)
        if against == "env_steps":
            panels.in_thousands(panel.xaxis)
    panels.legend_above(figure, top, count=8)
    return Picture(figure)


def _labels(runs: Sequence[Curves]) -> list[str]:
    return list(dict.fromkeys(run.label for run in runs))


def _returns(panel: Any, runs: Sequence[Curves], against: str) -> None:
    centers = all(run.has_center for run in runs)
    panel.set_ylabel("return of the centre" if centers else "mean return", fontsize=8)
    medians = []
    for number, label in enumerate(_labels(runs)):
        own, style = [run for run in runs if run.label == label], panels.look(number)
        if len(runs) == 1:
            medians += _candidates(panel, own[0], against, style)
        medians += panels.draw_median(panel, [run.line(against, run.returns(centers)) for run in own], label, style)
        found = own[0].line(against, own[0].evaluations())
        if len(own) == 1 and found.x_g.size:
            panel.plot(found.x_g, found.y_g, "o", color=style["color"], markersize=3.5, label="evaluated")
            medians.append(found.y_g)
    panels.leave_out_the_worst(panel, medians)


def _candidates(panel: Any, run: Curves, against: str, style: dict[str, Any]) -> list[F64]:
    """The band of one run's candidates."""
    x_g, low, high = run.x(against), run.column("mean_return"), run.column("max_return")
    panel.fill_between(
        x_g, low, high, color=style["color"], alpha=0.15, linewidth=0, label="candidates, from their mean to the best"
    )
    return [low, high]


def _panel(panel: Any, what: Panel, runs: Sequence[Curves], against: str) -> None:
    for number, label in enumerate(_labels(runs)):
        lines = [run.line(against, what.of(run)) for run in runs if run.label == label]
        panels.draw_median(panel, lines, label, panels.look(number))
    panel.set_ylabel(what.title, fontsize=8)
    if what.logarithmic:
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=0.0)
