"""Learning curves of a comparison: a picture for each task.

    [PlannedRun, ...], directory -> draw -> curves/TASK.png

One row of panels for each strategy and setting, one line for each meta-level: the return of the centre against all
environment steps, the meta-level's included, and against wall time. Thick: the median over seeds; shaded: the middle
half. A line goes as far as most of its seeds do; one that diverged counts from there on as below all others, as in the
tables, and one that is under way is left out. Where some run of the task has no centre's return (center_episodes = 0),
the population's mean return stands for it in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.comparison import measure
from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.comparison.results import seconds
from bierl_fast.errors import ConfigError
from bierl_fast.messages import F64
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory, file_name

POINTS = 200  # of a line
COLORS = 10  # of matplotlib's cycle, before line styles change
STYLES = ("-", "--", ":", "-.")


def require_matplotlib() -> None:
    """Raise ConfigError, with the line that installs it, where it is missing."""
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415
    except ImportError as error:
        raise ConfigError(
            "learning curves need matplotlib, which is not installed; install it with: pip install 'bierl-fast[plot]', "
            "or leave the curves out (--no-curves)"
        ) from error


@dataclass(frozen=True, slots=True)
class Curve:
    """One run, generation by generation."""

    steps_g: F64  # (G,) env steps, cumulative
    seconds_g: F64  # (G,) wall time, cumulative
    center_g: F64  # (G,) return of the centre; NaN where there is none
    mean_g: F64  # (G,) mean return of the population
    diverged: bool  # so it has no return after that


@dataclass(frozen=True, slots=True)
class Line:
    """One run's part of a panel, finite numbers alone."""

    x_g: F64
    y_g: F64
    diverged: bool = False

    @property
    def end(self) -> float:
        """Where it has no value any more: never for one that diverged, whose value is the worst."""
        return math.inf if self.diverged else float(self.x_g[-1])

    def at(self, grid: F64) -> F64:
        """Its values: between generations in proportion; past its last, minus infinity if it diverged, else NaN."""
        return np.interp(grid, self.x_g, self.y_g, right=-math.inf if self.diverged else math.nan)


def draw(runs: Sequence[PlannedRun], out: Path) -> None:
    """Draw the curves of every task that has some."""
    for task in dict.fromkeys(run.task for run in runs):
        own = [run for run in runs if run.task == task]
        found = {run.place: curve for run in own if (curve := _curve(out / run.place)) is not None}
        if found:
            path = out / "curves" / f"{file_name(task)}.png"
            path.parent.mkdir(exist_ok=True)
            _picture(task, own, found, path)


def _curve(path: Path) -> Curve | None:
    file = RunDirectory(path).metrics
    records = metrics.read(file) if file.is_file() else []
    if not records:
        return None
    found = measure.read(RunDirectory(path))
    return Curve(
        steps_g=np.array([record.get("env_steps", 0) for record in records], dtype=np.float64),
        seconds_g=np.array(list(accumulate(map(seconds, records)))),
        center_g=_column(records, "center_return"),
        mean_g=_column(records, "mean_return"),
        diverged=found is not None and found.diverged,
    )


def _column(records: Iterable[metrics.Record], name: str) -> F64:
    return np.array([math.nan if record.get(name) is None else record[name] for record in records], dtype=np.float64)


def over_seeds(lines: Sequence[Line], points: int = POINTS, least: int | None = None) -> tuple[F64, F64]:
    """Quartiles over seeds of lines at shared places: (points,), (3, points); NaN where one is not finite.

    The places go from the latest first x to where fewer than `least` of the seeds would have a value; None: than most.
    """
    ends = sorted((line.end for line in lines), reverse=True)
    last = ends[len(ends) // 2 if least is None else least - 1]
    high = last if math.isfinite(last) else max(float(line.x_g[-1]) for line in lines)
    low = max(float(line.x_g[0]) for line in lines)
    grid = np.linspace(low, max(low, high), points)
    values_sk = np.array([line.at(grid) for line in lines])
    with np.errstate(invalid="ignore"):  # between minus infinity and a number there is nothing
        quartiles = np.array([_quartiles(values_s[~np.isnan(values_s)]) for values_s in values_sk.T]).T
    return grid, np.where(np.isfinite(quartiles), quartiles, np.nan)


def _quartiles(values: F64) -> F64:
    """(3,) of any values; NaN of none."""
    return np.quantile(values, [0.25, 0.5, 0.75]) if values.size else np.full(3, np.nan)


def _picture(task: str, runs: Sequence[PlannedRun], found: dict[Path, Curve], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - optional

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - optional

    centers = all(np.isfinite(curve.center_g).any() for curve in found.values())
    rows = list(dict.fromkeys((run.strategy, run.setting) for run in runs))
    metas = list(dict.fromkeys(run.meta for run in runs))
    figure, axes = plt.subplots(len(rows), 2, figsize=(11.0, 0.8 + 2.6 * len(rows)), dpi=110, squeeze=False)
    for (strategy, setting), (left, right) in zip(rows, axes, strict=True):
        medians = []
        for number, meta in enumerate(metas):
            curves = [
                found[run.place]
                for run in runs
                if (run.strategy, run.setting, run.meta) == (strategy, setting, meta) and run.place in found
            ]
            look = {"color": f"C{number % COLORS}", "linestyle": STYLES[number // COLORS % len(STYLES)]}
            medians += _lines(left, [_line(c.steps_g, c, centers) for c in curves], meta, look)
            _lines(right, [_line(c.seconds_g, c, centers) for c in curves], meta, look)
        left.set_title(", ".join(filter(None, (task, strategy, setting))), fontsize=9, loc="left")
        left.set_ylabel("return of the centre" if centers else "mean return")
        for panel in (left, right):
            _limit(panel, medians)
            panel.spines[["top", "right"]].set_visible(False)
    axes[-1][0].set_xlabel("env steps, all counted")
    axes[-1][1].set_xlabel("seconds of wall time")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=min(len(metas), 8), frameon=False, fontsize=8)
    figure.tight_layout(rect=(0.0, 0.0, 1.0, 1.0 - 0.4 / (0.8 + 2.6 * len(rows))))
    figure.savefig(path)
    plt.close(figure)


def _line(x_g: F64, curve: Curve, centers: bool) -> Line:
    y_g = curve.center_g if centers else curve.mean_g
    there = np.isfinite(y_g)
    return Line(x_g[there], y_g[there], curve.diverged)


def _lines(panel: Any, lines: list[Line], label: str, look: dict[str, Any]) -> list[F64]:
    """Draw the median and the middle half; the median, if there is one."""
    lines = [line for line in lines if line.x_g.size]
    if not lines:
        return []
    grid, (low, median, high) = over_seeds(lines)
    panel.fill_between(grid, low, high, color=look["color"], alpha=0.15, linewidth=0)
    panel.plot(grid, median, label=label, linewidth=1.8, **look)
    return [median]


def _limit(panel: Any, medians: list[F64]) -> None:
    """Leave out of sight how far down the worst tenth of the medians goes: a diverged line hides all others."""
    values = np.concatenate([np.zeros(0), *medians])
    values = values[np.isfinite(values)]
    if values.size:
        low, high = float(np.quantile(values, 0.1)), float(values.max())
        room = 0.05 * (high - low) or 1.0
        panel.set_ylim(low - 4 * room, high + room)
