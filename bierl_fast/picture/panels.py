"""What pictures of runs have in common: panels of matplotlib, without its global state.

Line, ... -> draw_median -> panel; figure -> encoded -> the bytes of a file
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.optional import optional
from bierl_fast.picture.lines import Line, over_seeds

COLORS = 10  # of matplotlib's cycle, before line styles change
STYLES = ("-", "--", ":", "-.")
KINDS = ("png", "svg", "pdf")
# A date or a random id would make two files of one picture differ.
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}


def new_figure(rows: int, height: float = 2.6) -> Any:
    """A figure for rows of `height` inches each. InstallationError where matplotlib is missing."""
    figures = optional("matplotlib.figure", "plot", "a picture")
    return figures.Figure(figsize=(11.0, 0.8 + height * rows), dpi=110)


def new_panel(figure: Any, place: Any) -> Any:
    """A panel at a place of a grid of the figure's."""
    panel = figure.add_subplot(place)
    panel.spines[["top", "right"]].set_visible(False)
    return panel


def in_thousands(axis: Any) -> None:
    """Numbers along an axis as 500k, 3M."""
    axis.set_major_formatter(optional("matplotlib.ticker", "plot", "a picture").EngFormatter(sep=""))


def look(number: int) -> dict[str, Any]:
    """Color and style of the line of that number."""
    return {"color": f"C{number % COLORS}", "linestyle": STYLES[number // COLORS % len(STYLES)]}


def draw_median(panel: Any, lines: Sequence[Line], label: str, style: dict[str, Any]) -> list[F64]:
    """Draw the median of some seeds and their middle half; the median, if there is one."""
    lines = [line for line in lines if line.x_g.size]
    if not lines:
        return []
    if len(lines) == 1:  # as it is: every generation
        panel.plot(lines[0].x_g, lines[0].y_g, label=label, linewidth=1.8, **style)
        return [lines[0].y_g]
    grid, (low, median, high) = over_seeds(lines)
    panel.fill_between(grid, low, high, color=style["color"], alpha=0.15, linewidth=0)
    panel.plot(grid, median, label=label, linewidth=1.8, **style)
    return [median]


def leave_out_the_worst(panel: Any, medians: Sequence[F64]) -> None:
    """Leave out of sight how far down the worst tenth of the medians goes: a diverged line hides all others."""
    values = np.concatenate([np.zeros(0), *medians])
    values = values[np.isfinite(values)]
    if values.size:
        low, high = float(np.quantile(values, 0.1)), float(values.max())
        room = 0.05 * (high - low) or 1.0
        panel.set_ylim(low - 4 * room, high + room)


def legend_above(figure: Any, panel: Any, count: int) -> None:
    """One legend for all panels, over them; it takes the room it needs."""
    handles, labels = panel.get_legend_handles_labels()
    once = {label: handle for handle, label in zip(handles, labels, strict=True)}
    labels, handles = list(once), list(once.values())
    height = figure.get_size_inches()[1]
    columns = min(count, 8)
    rows = -(-len(labels) // max(1, columns))
    if labels:
        figure.legend(handles, labels, loc="upper center", ncols=columns, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0.0, 0.0, 1.0, 1.0 - (0.2 + 0.2 * rows) / height))


def encoded(figure: Any, kind: str) -> bytes:
    """The figure as a file of one of KINDS; the same bytes for the same picture."""
    mpl = optional("matplotlib", "plot", "a picture")
    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "bierl"}):
        figure.savefig(file, format=kind, metadata=UNDATED[kind])
    return file.getvalue()
