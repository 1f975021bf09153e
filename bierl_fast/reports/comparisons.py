"""What a page says of a comparison: its tables, and the curves of its runs.

directory -> comparison_in -> Found -> sections_of -> [Section, ...]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.comparison import measure
from bierl_fast.comparison.curves import compared
from bierl_fast.comparison.plan import place_of
from bierl_fast.comparison.results import Row, read_csv
from bierl_fast.comparison.state import RESULTS, SUMMARY, Folder
from bierl_fast.comparison.summary import headline, parts
from bierl_fast.errors import RunDirectoryError
from bierl_fast.files import is_locked, json_object, read_text
from bierl_fast.page.blocks import Block, Charts, Code, Fold, Note, Page, Section, Table
from bierl_fast.picture.charts import Chart
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.run import metrics
from bierl_fast.run.report import made_by
from bierl_fast.run.state import FINISHED, INTERRUPTED, RUNNING

COUNTS = ("env_steps", "inner_steps", "meta_steps", "warm_start_steps")


@dataclass(frozen=True, slots=True)
class Found:
    """A comparison, as it was last written down."""

    path: Path
    rows: Sequence[Row]
    summary: dict[str, Any]

    def folder(self, row: Row) -> Folder:
        """Where a run lies."""
        return Folder(self.path / place_of(row.task, row.strategy, row.meta, row.setting, row.seed))

    @property
    def state(self) -> str:
        """How it stands."""
        if is_locked(self.path):
            return RUNNING
        return FINISHED if all(row.state == "finished" for row in self.rows) else INTERRUPTED


def comparison_in(path: Path) -> Found | None:
    """The comparison in a directory; None where none has been written down there.

    Raises:
        RunDirectoryError: its results are damaged.
    """
    if not (path / RESULTS).is_file() or not (path / SUMMARY).is_file():
        return None
    try:
        found = Found(path, read_csv(path / RESULTS), json_object(read_text(path / SUMMARY)))
        list(parts(found.summary))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunDirectoryError(
            f"{path} holds a comparison whose {RESULTS} or {SUMMARY} is damaged ({error}); write them again: "
            "bierl compare SPEC.toml --out DIR --report"
        ) from error
    return found


def page_of_comparison(found: Found, against: str) -> Page:
    """A page on one alone."""
    about = [f"{found.summary['finished']} of {found.summary['runs']} runs finished", str(found.path)]
    return Page(
        f"Comparison {found.path.resolve().name}", list(sections_of(found, against)), about, found.state, made_by()
    )


def sections_of(found: Found, against: str) -> Iterator[Section]:
    """Its failures, place by place the curves and tables, and all runs."""
    yield Section("", [Note(headline(found.summary)), *_failures(found)])
    for part in parts(found.summary):
        charts = [] if part.place is None else _charts(found, part.place, against)
        (head, rows), *others = part.tables
        blocks: list[Block] = [*charts, Table(head, rows, part.texts)]
        blocks += [Note(part.line)] if part.line else []
        yield Section(part.heading, [*blocks, *(Table(*table, part.texts) for table in others)])
    yield Section("Its runs", [Fold("All of them", [_all(found.rows)]), *_settings(found)])


def _failures(found: Found) -> Iterator[Note]:
    for row in found.rows:
        if row.state == "failed":
            folder = found.folder(row)
            yield Note(f"Failed: {folder.path}: {folder.why_it_failed() or 'nothing says why'}", warns=True)


def _charts(found: Found, place: tuple[str, str], against: str) -> list[Block]:
    """A chart for each setting, a line for each meta-level."""
    curves = {row: curve for row in found.rows if row.place == place and (curve := _curves(found, row)) is not None}
    centers = all(curve.has_center for curve in curves.values())
    metas = list(dict.fromkeys(row.meta for row in found.rows))
    charts: list[Chart] = []
    settings = list(dict.fromkeys(row.setting for row in curves))
    for setting in settings:
        chart = compared([curve for row, curve in curves.items() if row.setting == setting], metas, against, centers)
        title = ", ".join(filter(None, (setting, chart.title)))
        charts.append(dataclasses.replace(chart, title=title, spacious=len(settings) == 1))
    note = "The median over seeds, with the middle half shaded."
    return [Charts(charts, AGAINST[against], note)] if charts else []


def _curves(found: Found, row: Row) -> Curves | None:
    directory = found.folder(row).run
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    measured = measure.read(directory) if records else None
    return Curves(row.meta, records, diverged=measured is not None and measured.diverged) if records else None


def _all(rows: Sequence[Row]) -> Table:
    names = [
        field.name
        for field in dataclasses.fields(Row)
        if any(getattr(row, field.name) not in ("", None) for row in rows)
    ]
    texts = [name for name in names if name in {"task", "strategy", "meta", "setting", "state"}]
    names = [*texts, *(name for name in names if name not in texts and name != "fixed")]
    return Table(
        [name.replace("_", " ") for name in names],
        [[_text(name, getattr(row, name)) for name in names] for row in rows],
        len(texts),
    )


def _text(name: str, value: Any) -> str:
    if value is None:
        return "\u2013"
    if isinstance(value, float):
        return f"{value:,.1f}" if 100 <= abs(value) < 1e9 else f"{value:.4g}"
    return f"{value:,}" if name in COUNTS else str(value)


def _settings(found: Found) -> Iterator[Block]:
    for row in found.rows[:1]:
        file = found.folder(row).planned
        if file.is_file():
            yield Fold(f"Settings of the first ({file.parent.name})", [Code(read_text(file))])
