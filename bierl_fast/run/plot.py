"""Runs as a picture: what a user calls.

    run directories, Results -> records and labels -> Curves -> Picture, or text -> file

A run under way is drawn as far as it has got.
"""

from __future__ import annotations

from collections.abc import Sequence

from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning, warn
from bierl_fast.files import PathLike
from bierl_fast.names import choice
from bierl_fast.outputs import kind_of_output, require_output, write_output
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.picture.figure import Picture, figure_of
from bierl_fast.picture.panels import KINDS
from bierl_fast.picture.text import text_of
from bierl_fast.public import public
from bierl_fast.run.loaded import Loaded, curves, directories, of, of_directory
from bierl_fast.run.saved import Trained


@public(numbers=False)
def plot(
    *runs: PathLike | Trained,
    out: PathLike | None = None,
    against: str = "env_steps",
    force: bool = False,
) -> Picture:
    """Draw runs of one task: return, sigma, learning rate, env steps a second, the meta-level's share of them.

    Args:
        runs: run directories, folders of some, or Results. Runs that differ in their seed alone are drawn as one line,
            their median, with the middle half of them shaded.
        out: the file to write: .png, .svg or .pdf. None: none; a notebook shows what is returned.
        against: "env_steps", "generations" or "seconds".
        force: replace a file that is there.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: no runs, runs of several tasks, an unknown ending or `against`, an `out` that exists or cannot be.
        RunDirectoryError: no run there, or none that has done a generation.
        InstallationError: matplotlib is missing.
    """
    choice("axis to draw against", against, AGAINST, ["against"])
    kind, path = "png", None
    if out is not None:
        kind = kind_of_output(out, "picture", KINDS)
        path = require_output(out, force)
    found, title = curves_of(runs)
    picture = figure_of(found, title, against)
    if path is not None:
        write_output(path, picture.encoded(kind))
    return picture


def text_plot(*runs: PathLike | Trained, against: str = "env_steps", width: int = 80) -> str:
    """The same as text, for a terminal of `width` columns, with a table of where each run stands.

    Raises:
        ConfigError, RunDirectoryError: as `plot`.
        InstallationError: plotille is missing.
    """
    choice("axis to draw against", against, AGAINST, ["against"])
    found, title = curves_of(runs)
    return text_of(found, title, against, width)


def _of(run: PathLike | Trained) -> list[Loaded]:
    """One run, or those of a folder's that are not damaged; a RunWarning for each other one, an error if all are."""
    if isinstance(run, Trained):
        return of(run)
    found: list[Loaded] = []
    errors: list[RunDirectoryError] = []
    for directory in directories(run):
        try:
            found.append(of_directory(directory))
        except RunDirectoryError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    for why in errors:
        warn(f"left out: {why}", RunWarning)
    return found


def curves_of(runs: Sequence[PathLike | Trained]) -> tuple[list[Curves], str]:
    """The runs' curves, labelled by what they differ in, and a title.

    Raises:
        ConfigError: no runs, or runs of several tasks.
        RunDirectoryError: no run there, or none that has done a generation.
    """
    loaded = [one for run in runs for one in _of(run)]
    if not loaded:
        raise ConfigError("no runs to draw: name one or more run directories", ["runs"])
    begun = [one for one in loaded if one.records]
    if not begun:
        raise RunDirectoryError(f"{', '.join(one.name for one in loaded)}: no generation is done yet, nothing to draw")
    for one in loaded:
        if not one.records:
            warn(f"{one.name} has done no generation yet and is left out", RunWarning)
    tasks = sorted({str(one.settings["task"]) for one in begun if one.settings})
    if len(tasks) > 1:
        raise ConfigError(
            f"runs of {len(tasks)} tasks ({', '.join(tasks)}) share no axis; draw one at a time", ["runs"]
        )
    found, common = curves(begun)
    count = len(begun)
    return found, ", ".join(filter(None, [*tasks, common, "" if count == 1 else f"{count} runs"])) or "run"
