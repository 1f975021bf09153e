"""What pictures of runs have in common: panels of matplotlib, without its global state.

Chart -> draw -> panel; figure -> encoded -> the bytes of a file
"""

from __future__ import annotations

import io
from typing import Any

from bierl_fast.optional import optional
from bierl_fast.picture.charts import BAND, MARKS, Chart

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


def draw(panel: Any, chart: Chart) -> None:
    """What a chart shows."""
    for trace in chart.traces:
        style = look(trace.number)
        if trace.kind == BAND:
            panel.fill_between(
                trace.x_g,
                trace.y_g,
                trace.top_g,
                color=style["color"],
                alpha=0.15,
                linewidth=0,
                label=trace.label or None,
            )
        elif trace.kind == MARKS:
            panel.plot(trace.x_g, trace.y_g, "o", color=style["color"], markersize=3.5, label=trace.label)
        else:
            panel.plot(trace.x_g, trace.y_g, label=trace.label, linewidth=1.8, **style)
    panel.set_ylabel(chart.title)
    if chart.logarithmic:
        panel.set_yscale("log")
    elif chart.shown is not None:
        panel.set_ylim(*chart.shown)
    elif not chart.spacious:
        panel.set_ylim(bottom=0.0)


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
