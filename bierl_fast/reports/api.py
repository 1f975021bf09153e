"""A report: what a user calls.

run directories, folders of some, comparisons, Results -> report -> one file of HTML
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bierl_fast.errors import BierlError, ConfigError, RunDirectoryError, one_line
from bierl_fast.files import PathLike, as_path
from bierl_fast.page.blocks import Note, Section
from bierl_fast.public import public
from bierl_fast.reports.comparisons import Found, comparison_in, page_of_comparison, sections_of
from bierl_fast.reports.films import films_of
from bierl_fast.run.loaded import Loaded, directories, of, of_directory
from bierl_fast.run.report import output, page_of, written
from bierl_fast.run.saved import Trained


@public(numbers=False)
def report(
    *runs: PathLike | Trained,
    out: PathLike | None = None,
    against: str = "env_steps",
    video: bool = False,
    force: bool = False,
    trust: bool = False,
) -> str:
    """Make a page of runs or of a comparison: one file that needs nothing but itself.

    Args:
        runs: run directories, folders of some, Results, or a comparison's directory; of any tasks.
        out: the file to write. None: none; the HTML is what is returned.
        against: what lies along the bottom of the curves: "env_steps", "generations" or "seconds".
        video: film an episode of each run, as `record` does. Films that lie in a run's directory are shown in any case.
        force: replace a file that is there.
        trust: whether code that a run names (a task or policy by its import path) may be imported to film it although
            this user did not train it here, or it was copied, moved or changed since.

    Returns:
        The page, as HTML.

    Raises:
        ConfigError: no runs, an unknown `against`, an `out` that exists or cannot be.
        RunDirectoryError: no run there, or a damaged one. Of several the others are shown, and why these are not.
        InstallationError: what draws is missing; the text has the line that installs it.
    """
    path = output(out, against, force)
    found, comparisons, left_out = _found(runs)
    if comparisons and not found:
        first, *others = comparisons
        page = page_of_comparison(first, against)
    else:
        page, others = page_of(found, against, {one.name: films_of(one, video, trust) for one in found}), comparisons
    more = [Section(f"Comparison {other.path}", []) for other in others]
    behind = [
        part for heading, other in zip(more, others, strict=True) for part in (heading, *sections_of(other, against))
    ]
    return written(replace(page, sections=[*_said(left_out), *page.sections, *behind]), path)


def _found(runs: Sequence[PathLike | Trained]) -> tuple[list[Loaded], list[Found], list[str]]:
    """The runs, the comparisons, and why some are left out; raises where none is to be had."""
    found: list[Loaded] = []
    comparisons: list[Found] = []
    errors: list[BierlError] = []
    for run in runs:
        if isinstance(run, Trained):
            found += of(run)
            continue
        try:
            comparison = comparison_in(as_path(run, "runs"))
            if comparison is not None:
                comparisons.append(comparison)
                continue
        except RunDirectoryError as error:
            errors.append(error)
            continue
        for directory in directories(run):
            try:
                found.append(of_directory(directory))
            except RunDirectoryError as error:
                errors.append(error)
    if not found and not comparisons:
        raise errors[0] if errors else ConfigError("no runs to report on: name one or more run directories", ["runs"])
    return found, comparisons, [one_line(error) for error in errors]


def _said(left_out: Sequence[str]) -> list[Section]:
    return [Section("", [Note(f"Left out: {why}", warns=True) for why in left_out])] if left_out else []
