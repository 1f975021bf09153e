"""Learning curves of a comparison: a picture for each task.

    [PlannedRun, ...], directory -> draw -> curves/TASK.png

One row of panels for each strategy and setting, one line for each meta-level: the return of the centre against all
environment steps, the meta-level's included, and against wall time. Thick: the median over seeds; shaded: the middle
half. A line goes as far as most of its seeds do; one that diverged counts from there on as below all others, as in the
tables, and one that is under way is left out. Where some run of the task has no centre's return (center_episodes = 0),
the population's mean return stands for it in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bierl_fast.comparison import measure
from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.errors import ConfigError
from bierl_fast.files import replacing
from bierl_fast.picture import panels
from bierl_fast.picture.charts import Chart, median, without_the_worst
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory, file_name

STEPS, SECONDS = "env_steps", "seconds"


def require_matplotlib() -> None:
    """Raise ConfigError, with the line that installs it, where it is missing."""
    try:
        import matplotlib as mpl  # noqa: F401, PLC0415
    except ImportError as error:
        raise ConfigError(
            "learning curves need matplotlib, which is not installed; install it with: pip install 'bierl-fast[plot]', "
            "or leave the curves out (--no-curves)"
        ) from error


def draw(runs: Sequence[PlannedRun], out: Path) -> None:
    """Draw the curves of every task that has some."""
    for task in dict.fromkeys(run.task for run in runs):
        own = [run for run in runs if run.task == task]
        found = {run.place: curve for run in own if (curve := _curves(run, out)) is not None}
        if found:
            path = out / "curves" / f"{file_name(task)}.png"
            path.parent.mkdir(exist_ok=True)
            _picture(task, own, found, path)


def _curves(run: PlannedRun, out: Path) -> Curves | None:
    """None: it has no record yet."""
    directory = RunDirectory(out / run.place)
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    if not records:
        return None
    found = measure.read(directory)
    return Curves(run.meta, records, diverged=found is not None and found.diverged)


def _picture(task: str, runs: Sequence[PlannedRun], found: dict[Path, Curves], path: Path) -> None:
    centers = all(curve.has_center for curve in found.values())
    rows = list(dict.fromkeys((run.strategy, run.setting) for run in runs))
    metas = list(dict.fromkeys(run.meta for run in runs))
    figure = panels.new_figure(len(rows))
    grid = figure.add_gridspec(len(rows), 2)
    axes = [[panels.new_panel(figure, grid[row, column]) for column in range(2)] for row in range(len(rows))]
    for (strategy, setting), pair in zip(rows, axes, strict=True):
        here = [
            found[run.place]
            for run in runs
            if (run.strategy, run.setting) == (strategy, setting) and run.place in found
        ]
        left, right = (compared(here, metas, against, centers) for against in (STEPS, SECONDS))
        panels.draw(pair[0], left)
        panels.draw(pair[1], replace(right, title="", shown=left.shown))  # by wall time too
        pair[0].set_title(", ".join(filter(None, (task, strategy, setting))), fontsize=9, loc="left")
    for panel, against in zip(axes[-1], (STEPS, SECONDS), strict=True):
        panel.set_xlabel(AGAINST[against])
    panels.legend_above(figure, axes[0][0], len(metas))
    with replacing(path) as file:
        file.write(panels.encoded(figure, "png"))


def compared(curves: Sequence[Curves], metas: Sequence[str], against: str, centers: bool) -> Chart:
    """The returns of runs at one place, a line for each meta-level."""
    traces = [
        trace
        for number, meta in enumerate(metas)
        for trace in median(
            [run.line(against, run.returns(centers)) for run in curves if run.label == meta], meta, number
        )
    ]
    title = "return of the centre" if centers else "mean return"
    return Chart(title, traces, shown=without_the_worst(traces), spacious=True)
