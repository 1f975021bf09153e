"""Charts that are zoomed and hovered in a browser, by Bokeh.

Charts, ... -> Drawer.add -> places in the page; Drawer.script -> JavaScript that fills them
"""

from __future__ import annotations

import base64
import gzip
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.optional import optional
from bierl_fast.page.blocks import Charts
from bierl_fast.picture.charts import BAND, LINE, MARKS, Chart, Trace

MOST = 1000  # points of a trace: more than a screen has columns for
PLACES = 240  # where one can hover over several lines
COLORS = (  # that stand out on white and on black
    *("#3b82f6", "#f97316", "#10b981", "#e5484d", "#8b5cf6"),
    *("#d4a106", "#06b6d4", "#ec4899", "#84a916", "#8593a8"),
)
DASHES = ("solid", "dashed", "dotted", "dotdash")
HEIGHT, LOW = 340, 210  # pixels of a spacious chart and of another
NAME = "bokeh"
SWATCH = "display:inline-block;width:9px;height:9px;border-radius:3px;margin-right:7px"
TIP = (
    "font:12.5px/1.55 system-ui,sans-serif;font-variant-numeric:tabular-nums;max-width:min(400px,80vw);margin:-5px;"
    "padding:8px 12px;background:var(--card);color:var(--ink)"
)
SHORT = """
    const units = [[1e9, "G"], [1e6, "M"], [1e3, "k"]]
    const [unit, letter] = units.find(([unit]) => Math.abs(tick) >= unit) || [1, ""]
    return `${Number((tick / unit).toPrecision(4))}${letter}`
"""  # 500k, 1.5M


@dataclass(frozen=True, slots=True)
class Placed:
    """A chart's place in the page: its heading, its element, its legend as (label, color, kind, key)."""

    title: str
    place: str
    spacious: bool
    legend: Sequence[tuple[str, str, str, str]]


@dataclass
class Drawer:
    """Collects the charts of a page. InstallationError where Bokeh is missing."""

    figures: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._plotting = _bokeh("plotting")
        self._models = _bokeh("models")

    def add(self, charts: Charts) -> list[Placed]:
        """Take in charts that share what lies along the bottom."""
        shared = self._models.DataRange1d(range_padding=0.01)
        cross = self._models.Span(dimension="height", line_color=COLORS[-1], level="overlay")
        return [self._add(chart, charts.along, shared, cross) for chart in charts.charts]

    def drawn(self) -> tuple[str, dict[str, str]]:
        """JavaScript that draws all of them and needs `library`, and the element of each place, as HTML."""
        if not self.figures:
            return "", {}
        text, elements = _bokeh("embed").components({figure.name: figure for figure in self.figures}, wrap_script=False)
        return str(text), elements

    def _add(self, chart: Chart, along: str, shared: Any, cross: Any) -> Placed:
        models, number = self._models, len(self.figures)
        figure = self._plotting.figure(
            height=HEIGHT if chart.spacious else LOW,
            sizing_mode="stretch_width",
            x_range=shared,
            y_axis_type="log" if chart.logarithmic else "linear",
            toolbar_location=None,
            tools=[],
            min_border_left=56,
            min_border_right=12,
            outline_line_color=None,
            name=f"chart-{number}",
        )
        for trace in chart.traces:
            _draw(figure, _thinned(trace))
        if chart.shown is not None:
            figure.y_range = models.Range1d(*chart.shown)
        elif not chart.logarithmic:
            figure.y_range.start = 0.0
        _axes(figure, models, along)
        box = models.BoxZoomTool()
        figure.add_tools(box, models.CrosshairTool(overlay=cross))
        figure.toolbar.active_drag = box
        self._hover(figure, chart, along)
        figure.js_on_event("doubletap", models.CustomJS(args={"figure": figure}, code="figure.reset.emit()"))
        self.figures.append(figure)
        return Placed(chart.title, f"chart-{number}", chart.spacious, list(_legend(chart)))

    def _hover(self, figure: Any, chart: Chart, along: str) -> None:
        """One box that tells of every trace at the place of the pointer."""
        told = [trace for trace in chart.traces if trace.x_g.size]
        if not told:
            return
        x_g = _places(told)
        columns = {"x": x_g, "y": _finite_or(_at(told[-1], x_g)), "at": [_whole(x) for x in x_g]}
        rows = [f'<div style="opacity:.7">@at {_plain(along)}</div>']
        for number, trace in enumerate(told):
            columns[f"t{number}"] = _told(trace, x_g)
            label = trace.label or "middle half"
            look = f"background:{_color(trace.number)};opacity:{0.4 if trace.kind == BAND else 1}"
            rows.append(f'<div><i style="{SWATCH};{look}"></i>{_plain(label)} <b>@t{number}</b></div>')
        drawn = [*figure.renderers]
        ghost = figure.line("x", "y", line_alpha=0.0, source=self._models.ColumnDataSource(columns))
        if isinstance(figure.y_range, self._models.DataRange1d):
            figure.y_range.renderers = drawn
        figure.add_tools(
            self._models.HoverTool(
                renderers=[ghost],
                mode="vline",
                tooltips=f'<div class="tip" style="{TIP}">{"".join(rows)}</div>',
                attachment="horizontal",
                show_arrow=False,
                point_policy="follow_mouse",
                line_policy="nearest",
            )
        )


def library() -> str:
    """Bokeh's own JavaScript, compressed, as base64."""
    resources = _bokeh("resources").Resources(mode="inline", components=[NAME])
    return base64.b64encode(gzip.compress("\n".join(resources.js_raw).encode(), mtime=0)).decode()


def _bokeh(module: str) -> Any:
    return optional(f"{NAME}.{module}", "report", "a report")


def _color(number: int) -> str:
    return COLORS[number % len(COLORS)]


def _legend(chart: Chart) -> Iterator[tuple[str, str, str, str]]:
    for trace in chart.traces:
        if trace.label:
            yield trace.label, _color(trace.number), trace.kind, _key(trace)


def _key(trace: Trace) -> str:
    """What a legend switches: a line with its band."""
    kind = LINE if trace.kind == BAND and not trace.label else trace.kind
    return f"{kind}-{trace.number}"


def _thinned(trace: Trace) -> Trace:
    if trace.x_g.size <= MOST:
        return trace
    kept = np.unique(np.linspace(0, trace.x_g.size - 1, MOST).round().astype(int))
    top_g = None if trace.top_g is None else trace.top_g[kept]
    return Trace(trace.kind, trace.label, trace.number, trace.x_g[kept], trace.y_g[kept], top_g)


def _draw(figure: Any, trace: Trace) -> None:
    color, name = _color(trace.number), _key(trace)
    if trace.kind == BAND:
        figure.varea(trace.x_g, trace.y_g, trace.top_g, fill_color=color, fill_alpha=0.16, name=name)
    elif trace.kind == MARKS:
        figure.scatter(trace.x_g, trace.y_g, size=7, color=color, line_color=None, name=name)
    else:
        dash = DASHES[trace.number // len(COLORS) % len(DASHES)]
        figure.line(trace.x_g, trace.y_g, color=color, line_width=2, line_dash=dash, line_join="round", name=name)


def _axes(figure: Any, models: Any, along: str) -> None:
    figure.xaxis.formatter = models.CustomJSTickFormatter(code=SHORT)
    if not isinstance(figure.yaxis[0], models.LogAxis):
        figure.yaxis.formatter = models.NumeralTickFormatter(format="0,0.[0000]")
        figure.yaxis.ticker.desired_num_ticks = 5
    figure.xaxis.ticker.desired_num_ticks = 5
    figure.axis.minor_tick_line_color = None
    figure.axis.axis_line_color = None
    figure.axis.major_tick_line_color = None
    figure.background_fill_alpha = figure.border_fill_alpha = 0.0


def _places(traces: Sequence[Trace]) -> F64:
    """Where one can hover: at every point of what is drawn alone, else at places over all."""
    lines = [trace.x_g for trace in map(_thinned, traces) if trace.kind != MARKS] or [traces[0].x_g]
    if all(np.array_equal(lines[0], other) for other in lines):
        return lines[0]
    return np.linspace(min(x_g[0] for x_g in lines), max(x_g[-1] for x_g in lines), PLACES)


def _at(trace: Trace, x_g: F64, top: bool = False) -> F64:
    """Its values at these places; of marks the latest one up to there. NaN where it has none."""
    y_g = trace.top_g if top and trace.top_g is not None else trace.y_g
    if trace.kind == MARKS:
        place_g = np.searchsorted(trace.x_g, x_g, side="right") - 1
        return np.where(place_g >= 0, y_g[place_g], np.nan)
    return np.interp(x_g, trace.x_g, y_g, left=np.nan, right=np.nan)


def _told(trace: Trace, x_g: F64) -> list[str]:
    if trace.kind != BAND:
        return [_number(y) for y in _at(trace, x_g)]
    pairs = zip(_at(trace, x_g), _at(trace, x_g, top=True), strict=True)
    return [f"{_number(low)} to {_number(high)}" for low, high in pairs]


def _finite_or(y_g: F64) -> F64:
    return np.where(np.isfinite(y_g), y_g, 1.0)


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "\u2013"
    return f"{value:,.1f}" if 100 <= abs(value) < 1e7 else f"{value:.4g}"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def _plain(text: str) -> str:
    """As text in the template of a tooltip, where @ and $ have a meaning."""
    return html.escape(text).replace("@", "&#64;").replace("$", "&#36;")
