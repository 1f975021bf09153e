"""What the runs of a comparison came to, one row each; and their scores.

    [PlannedRun, ...], directory -> gather -> [Row, ...] -> scored -> [Row, ...] -> write_csv -> results.csv

score = (final return - initial) / (best fixed - initial), on each task and strategy, where

- initial is the median over seeds of the return of the policy that a run begins with;
- best fixed is the highest median over seeds of the final return that a setting reaches at meta-level `none`.

So 0 is an untrained policy and 1 the best that fixed hyperparameters reached. There is no score where no fixed run is
at its end, or where the best of them is no better than an untrained policy.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.comparison.spec import Spec
from bierl_fast.comparison.state import Folder, evaluated
from bierl_fast.errors import ArgumentError
from bierl_fast.files import read_text, write_text
from bierl_fast.run import metrics

COUNTERS = ("env_steps", "inner_steps", "meta_steps", "warm_start_steps")


@dataclass(frozen=True, slots=True)
class Row:
    """One run. None: it has not got so far, or there is no such number."""

    task: str
    strategy: str
    meta: str
    setting: str
    seed: int
    fixed: bool  # its hyperparameters stayed as configured
    state: str  # finished, unfinished, failed or new
    env_steps: int | None = None
    inner_steps: int | None = None
    meta_steps: int | None = None
    warm_start_steps: int | None = None
    meta_updates: int | None = None  # of a meta-level that learns here; None: it is none
    wall_seconds: float | None = None  # of every generation, over all sessions
    final_return: float | None = None  # of its policy on fresh episodes; minus infinity where it diverged
    initial_return: float | None = None  # of the policy it began with, on the same
    final_sigma: float | None = None
    final_learning_rate: float | None = None
    score: float | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Runs with an equal one share a score's 0 and 1."""
        return (self.task, self.strategy)


def gather(spec: Spec, runs: Iterable[PlannedRun], out: Path) -> list[Row]:
    """A row for each run, with its score, from what is in its directory."""
    return scored([_row(spec, run, out) for run in runs])


def _row(spec: Spec, planned: PlannedRun, out: Path) -> Row:
    folder = Folder(out / planned.place)
    evaluation = evaluated(spec, planned, out)
    row = Row(planned.task, planned.strategy, planned.meta, planned.setting, planned.seed, planned.fixed, "new")
    if evaluation is not None:
        row = replace(
            row,
            state="finished",
            final_return=-math.inf if evaluation.final_return is None else evaluation.final_return,
            initial_return=evaluation.initial_return,
        )
    elif folder.why_it_failed() is not None:
        row = replace(row, state="failed")
    elif folder.run.checkpoint.is_file():
        row = replace(row, state="unfinished")
    records = metrics.read(folder.run.metrics) if folder.run.metrics.is_file() else []
    if not records:
        return row
    last = records[-1]
    counters: dict[str, Any] = {name: last.get(name) for name in COUNTERS}
    return replace(
        row,
        wall_seconds=sum(seconds(record) for record in records),
        final_sigma=last.get("sigma"),
        final_learning_rate=last.get("learning_rate"),
        meta_updates=last.get("meta_updates") if planned.learns else None,
        **counters,
    )


def seconds(record: metrics.Record) -> float:
    """Wall time of one generation."""
    return float(sum(record.get("seconds", {}).values()))


def scored(rows: Sequence[Row]) -> list[Row]:
    """The rows with their scores."""
    ends = {place: _ends([row for row in rows if row.place == place]) for place in {row.place for row in rows}}
    return [replace(row, score=_score(row, ends[row.place])) for row in rows]


def _ends(rows: Sequence[Row]) -> tuple[float, float] | None:
    """The returns that score 0 and 1 among runs of one place; None where there are none."""
    initial = {row.seed: row.initial_return for row in rows if row.initial_return is not None}
    returns: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row.fixed and row.final_return is not None:
            returns.setdefault((row.meta, row.setting), []).append(row.final_return)
    if not initial or not returns:
        return None
    low, best = statistics.median(initial.values()), max(map(statistics.median, returns.values()))
    return (low, best) if best > low else None


def _score(row: Row, ends: tuple[float, float] | None) -> float | None:
    if ends is None or row.final_return is None:
        return None
    low, best = ends
    return (row.final_return - low) / (best - low)


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """One line for each row under a line of names; None is empty, numbers read back as they were."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Row))
    writer.writerows(astuple(row) for row in rows)
    write_text(path, text.getvalue())


def read_csv(path: Path) -> list[Row]:
    """The rows that write_csv wrote. ValueError where these are none."""
    lines = csv.DictReader(io.StringIO(read_text(path)))
    names = {field.name: str(field.type) for field in fields(Row)}
    if lines.fieldnames != list(names):
        raise ArgumentError("its columns are not those of a comparison's results")
    return [Row(**{name: _read(names[name], line[name]) for name in names}) for line in lines]


def _read(kind: str, text: str | None) -> Any:
    if kind == "str":
        return text
    if kind == "bool":
        return text == "True"
    if not text and "None" in kind:
        return None
    return (int if kind.startswith("int") else float)(text or "")
