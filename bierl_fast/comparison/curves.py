"""Learning curves of a comparison: a picture for each task.

    [PlannedRun, ...], directory -> draw -> curves/TASK.png

One row of panels for each strategy and setting, one line for each meta-level: the return of the centre against all
environment steps, the meta-level's included, and against wall time. Thick: the median over seeds; shaded: the middle
half. Where some run of the task has no centre's return (center_episodes = 0), the population's mean return stands for
it in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.comparison.results import seconds
from bierl_fast.messages import F64
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory, file_name
from bierl_fast.run.errors import ConfigError

POINTS = 200  # of a line
COLOURS = 10  # of matplotlib's cycle, before line styles change
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
    return Curve(
        steps_g=np.array([record["env_steps"] for record in records], dtype=np.float64),
        seconds_g=np.array(list(accumulate(map(seconds, records)))),
        center_g=_column(records, "center_return"),
        mean_g=_column(records, "mean_return"),
    )


def _column(records: Iterable[metrics.Record], name: str) -> F64:
    return np.array([math.nan if record[name] is None else record[name] for record in records], dtype=np.float64)


def over_seeds(lines: Sequence[tuple[F64, F64]], points: int = POINTS) -> tuple[F64, F64]:
    """Quartiles over seeds of lines (x, y) at shared places: (points,), (3, points).

    The places go from the latest first x to the earliest last x, so that every seed has a value at each of them.
    """
    low, high = max(x[0] for x, _ in lines), min(x[-1] for x, _ in lines)
    grid = np.linspace(low, max(low, high), points)
    values_sk = np.array([np.interp(grid, x, y) for x, y in lines])
    return grid, np.quantile(values_sk, [0.25, 0.5, 0.75], axis=0)


def _picture(task: str, runs: Sequence[PlannedRun], found: dict[Path, Curve], path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

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
            look = {"color": f"C{number % COLOURS}", "linestyle": STYLES[number // COLOURS % len(STYLES)]}
            medians += _lines(left, [_finite(c.steps_g, c, centers) for c in curves], meta, look)
            _lines(right, [_finite(c.seconds_g, c, centers) for c in curves], meta, look)
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


def _finite(x_g: F64, curve: Curve, centers: bool) -> tuple[F64, F64]:
    y_g = curve.center_g if centers else curve.mean_g
    there = np.isfinite(y_g)
    return x_g[there], y_g[there]


def _lines(panel: Any, lines: list[tuple[F64, F64]], label: str, look: dict[str, Any]) -> list[F64]:
    """Draw the median and the middle half; the median, if there is one."""
    lines = [line for line in lines if line[0].size]
    if not lines:
        return []
    grid, (low, median, high) = over_seeds(lines)
    panel.fill_between(grid, low, high, color=look["color"], alpha=0.15, linewidth=0)
    panel.plot(grid, median, label=label, linewidth=1.8, **look)
    return [median]


def _limit(panel: Any, medians: list[F64]) -> None:
    """Leave out of sight how far down the worst tenth of the medians goes: a diverged line hides all others."""
    if medians:
        values = np.concatenate(medians)
        low, high = float(np.quantile(values, 0.1)), float(values.max())
        room = 0.05 * (high - low) or 1.0
        panel.set_ylim(low - 4 * room, high + room)
