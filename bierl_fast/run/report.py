"""Runs as a page: one of them with all that is known of it, or several, task by task.

[Loaded, ...], films -> page_of -> Page
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bierl_fast.errors import counted
from bierl_fast.files import PathLike
from bierl_fast.machine import versions
from bierl_fast.names import choice
from bierl_fast.outputs import require_output, write_output
from bierl_fast.page.blocks import Block, Film, Fold, Note, Page, Section
from bierl_fast.page.document import rendered
from bierl_fast.picture.curves import AGAINST
from bierl_fast.run.loaded import Loaded
from bierl_fast.run.told import blocks_of_run, section_of_task

Films = Mapping[str, Sequence[Film | Note]]  # by the run's name


def page_of(runs: Sequence[Loaded], against: str, films: Films | None = None) -> Page:
    """The page on these runs, of any tasks, at least one."""
    films = films or {}
    if len(runs) == 1:
        return _of_one(runs[0], against, films.get(runs[0].name, ()))
    tasks = list(dict.fromkeys(_task(run) for run in runs))
    title = f"{len(runs)} runs of {tasks[0] if len(tasks) == 1 else counted(len(tasks), 'task')}"
    sections = [section_of_task([run for run in runs if _task(run) == task], against, task) for task in tasks]
    each = [_folded(run, films.get(run.name, ())) for run in runs]
    return Page(title, [*sections, Section("Each of them", each)], made=made_by())


def _of_one(run: Loaded, against: str, films: Sequence[Film | Note]) -> Page:
    top, behind = blocks_of_run(run)
    curves = [section_of_task([run], against)] if run.records else []
    seen = [Section("On film", films)] if films else []
    return Page(_task(run), [Section("", top), *curves, *seen, *behind], _about(run), run.state(), made_by())


def _folded(run: Loaded, films: Sequence[Film | Note]) -> Fold:
    top, behind = blocks_of_run(run)
    inner: list[Block] = [*top, *films]
    for section in behind:
        inner += section.blocks
    state = run.state()
    return Fold(f"{run.name} ({state})" if state else run.name, inner)


def _task(run: Loaded) -> str:
    return str(run.settings.get("task") or "A run")


def _about(run: Loaded) -> list[str]:
    if run.config is None:
        return []
    layers = "x".join(map(str, run.config.hidden)) or "linear"
    policy = [] if run.config.dim is not None else [f"policy {run.settings.get('policy') or layers}"]
    return [run.config.strategy, f"meta-level {run.config.meta}", f"seed {run.config.seed}", *policy, run.name]


def made_by() -> str:
    """The page's last line."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"Made {now} by bierl report, bierl_fast {versions()['bierl_fast'] or '(not installed)'}."


def output(out: PathLike | None, against: str, force: bool) -> Path | None:
    """Where a page may be written, before anything is read for it.

    Raises:
        ConfigError: an unknown `against`, or an `out` that exists or cannot be.
    """
    choice("axis to draw against", against, AGAINST, ["against"])
    return None if out is None else require_output(out, force)


def written(page: Page, path: Path | None) -> str:
    """The page as HTML, in a file too where one is wanted. InstallationError where a package is missing."""
    text = rendered(page)
    if path is not None:
        write_output(path, text.encode())
    return text
