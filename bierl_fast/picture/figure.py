"""Runs as a figure of matplotlib: what they reached, what steered them, what it cost.

[Curves, ...] -> figure_of -> Picture -> file, or shown in a notebook
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bierl_fast.picture import panels
from bierl_fast.picture.charts import charts_of
from bierl_fast.picture.curves import AGAINST, Curves


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
    """The return above, over the whole width; below what the run was steered by and what it spent: see charts_of.

    Raises:
        InstallationError: matplotlib is missing.
    """
    first, *below = charts_of(runs, against)
    rows = 1 + -(-len(below) // 2)
    figure = panels.new_figure(rows)
    grid = figure.add_gridspec(rows, 2)
    top = panels.new_panel(figure, grid[0, :])
    panels.draw(top, first)
    top.set_title(title, fontsize=9, loc="left")
    for place, chart in enumerate(below):
        panels.draw(panels.new_panel(figure, grid[1 + place // 2, place % 2]), chart)
    for panel in figure.axes:
        panel.yaxis.label.set_fontsize(8)
        panel.set_xlabel(AGAINST[against], fontsize=8)
        panel.tick_params(which="both", labelsize=8)
        if against == "env_steps":
            panels.in_thousands(panel.xaxis)
    panels.legend_above(figure, top, count=8)
    return Picture(figure)
