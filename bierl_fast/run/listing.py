"""The runs of a folder at a glance, and one run in a page: whatever there is, nothing is written.

folder -> runs -> [RunSummary, ...]
run directory -> show -> RunPage -> str(page)
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bierl_fast import columns
from bierl_fast.errors import BierlError, RunDirectoryError, counted, one_line
from bierl_fast.files import PathLike, as_path
from bierl_fast.public import public
from bierl_fast.reasons import visible
from bierl_fast.run import metrics
from bierl_fast.run.checkpoint import Counters
from bierl_fast.run.chosen import chosen
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loaded import shown_setting
from bierl_fast.run.saved import reached_last
from bierl_fast.run.state import DAMAGED, INTERRUPTED, RUNNING, state_of

FILES = ("config", "manifest", "metrics", "checkpoint", "policy", "best_policy", "warm_start")


@dataclass(frozen=True, slots=True, repr=False)
class RunSummary:
    """One run, as far as its files tell; None where they do not.

    Attributes:
        path: its directory.
        state: RUNNING, FINISHED, INTERRUPTED or DAMAGED, as state.py says.
        why: what is damaged; else empty.
        task, strategy, meta, seed: its settings.
        score: the best reporting evaluation's mean return, else the latest return of the centre or its candidates.
        score_of: which of these.
        generations: done, and saved but for a running run's latest.
        env_steps: likewise, those that training used.
        when: it last wrote a line, or its settings; in UTC, ISO 8601.
    """

    path: Path
    state: str
    why: str = ""
    task: str | None = None
    strategy: str | None = None
    meta: str | None = None
    seed: int | None = None
    score: float | None = None
    score_of: str | None = None
    generations: int | None = None
    env_steps: int | None = None
    when: str | None = None

    def __repr__(self) -> str:
        facts = [str(fact) for fact in (self.why, self.task, self.strategy, self.meta) if fact]
        score = [] if self.score is None else [f"{self.score:.6g} ({self.score_of})"]
        return f"<{self.path}: {', '.join([self.state, *facts, *score])}>"


@dataclass(frozen=True, slots=True, repr=False)
class RunPage:
    """One run in a page; `str` of it is the page.

    Attributes:
        summary: where it stands.
        settings: those that are not at their default, by name.
        last: the latest generation's record; empty before the first.
        files: their sizes in bytes, by name.
        next: command lines to go on with.
    """

    summary: RunSummary
    settings: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    next: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return str(self)  # what a notebook shows

    def __str__(self) -> str:
        one = self.summary
        reached = "no score yet" if one.score is None else f"{one.score:.6g} ({one.score_of})"
        lines = [
            f"{one.path}: {one.state}{f', {one.why}' if one.why else ''}",
            f"  {one.task or '-'}, {one.strategy or '-'}, meta-level {one.meta or '-'}, seed {one.seed}",
            f"  {counted(one.generations or 0, 'generation')}, {one.env_steps or 0:,} steps, {reached}",
            f"  last written {one.when or '-'}",
        ]
        tables = {
            "settings that are not at their default": self.settings,
            "last generation": {name: value for name, value in self.last.items() if not isinstance(value, Mapping)},
            "files": {name: f"{size:,} bytes" for name, size in self.files.items()},
        }
        for title, table in tables.items():
            if table:
                rows = [(name, shown_setting(value)) for name, value in table.items()]
                lines += ["", f"{title}:", *columns.lines(rows, left=[0, 1], indent="  ")]
        if self.next:
            lines += ["", "next:", *(f"  {line}" for line in self.next)]
        return "\n".join(map(visible, lines))  # a record's names are a file's


@public
def runs(folder: PathLike = "runs") -> list[RunSummary]:
    """The runs in a folder and in the folders in it, the latest first; of a folder that is a run, that one.

    A run that is damaged is among them, and says so.

    Raises:
        RunDirectoryError: there is no such folder.
    """
    path = as_path(folder, "folder")
    if not path.is_dir():
        raise RunDirectoryError(f"there is no folder {path}; name the one that your runs are in")
    name = RunDirectory(path).config.name
    found = [RunDirectory(file.parent) for file in path.rglob(name)]
    summaries = [_summary(each) for each in found if each.learned or each.manifest.exists()]
    return sorted(summaries, key=lambda one: (one.when or "", str(one.path)), reverse=True)


@public
def show(run_dir: PathLike) -> RunPage:
    """One run in a page: where it stands, its settings, its latest numbers, its files, and what to do next.

    Raises:
        RunDirectoryError: there is no run.
    """
    directory = RunDirectory(as_path(run_dir, "run_dir"))
    if not directory.path.is_dir() or not any(getattr(directory, name).exists() for name in FILES):
        directory.require_run()
    summary = _summary(directory)
    files = {path.name: path.stat().st_size for name in FILES if (path := getattr(directory, name)).is_file()}
    try:
        config = directory.read_config()
        settings = chosen(directory, config)
        last = _records(directory)
    except BierlError:  # the summary says so
        return RunPage(summary, files=files)
    return RunPage(summary, settings, last[-1] if last else {}, files, _next(directory, summary, config.dim is None))


def as_json(one: RunSummary | RunPage) -> dict[str, Any]:
    """The same as JSON has it."""
    found = asdict(one)
    (found["summary"] if isinstance(one, RunPage) else found)["path"] = str(
        one.summary.path if isinstance(one, RunPage) else one.path
    )
    return found


def _summary(directory: RunDirectory) -> RunSummary:
    facts: dict[str, Any] = {"path": directory.path, "when": _when(directory)}
    try:
        config = directory.read_config()
        named = {"task": config.task_name, **{name: getattr(config, name) for name in ("strategy", "meta", "seed")}}
        facts |= named
        records = _records(directory)
        state, done = state_of(directory, config)
        facts |= {"generations": done.generation, "env_steps": done.env_steps} | _reached(records, done)
        if state == RUNNING and records:
            facts |= {"generations": records[-1]["generation"] + 1, "env_steps": records[-1].get("env_steps")}
        return RunSummary(state=state, **facts)
    except (BierlError, OSError) as error:
        return RunSummary(state=DAMAGED, why=one_line(error), **facts)


def _records(directory: RunDirectory) -> list[metrics.Record]:
    return metrics.latest(directory.metrics) if directory.metrics.is_file() else []


def _reached(records: list[metrics.Record], done: Counters) -> dict[str, Any]:
    if done.best_return is not None:
        return {"score": done.best_return, "score_of": "best evaluation"}
    found = reached_last(records)
    return {"score": found.get("return"), "score_of": found.get("return_of")}


def _when(directory: RunDirectory) -> str | None:
    for path in (directory.metrics, directory.config):
        try:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
        except OSError:
            continue
    return None


def _next(directory: RunDirectory, one: RunSummary, acts: bool) -> tuple[str, ...]:
    place = shlex.quote(str(directory.path))
    if not directory.policy.is_file():
        return (f"bierl resume {place}",)
    later = [f"bierl evaluate {place}", f"bierl plot {place}"]
    if acts:
        later.append(f"bierl record {place} --out film.mp4")
    return tuple([f"bierl resume {place}", *later] if one.state == INTERRUPTED else later)
