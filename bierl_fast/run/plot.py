"""Runs as a picture: what a user calls.

    run directories, Results -> records and labels -> Curves -> Picture, or text -> file

A run under way is drawn as far as it has got.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.config.sections import settings_of
from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning, warn
from bierl_fast.files import as_path
from bierl_fast.names import choice
from bierl_fast.outputs import kind_of_output, require_output, write_output
from bierl_fast.picture.curves import AGAINST, Curves
from bierl_fast.picture.figure import Picture, figure_of
from bierl_fast.picture.panels import KINDS
from bierl_fast.picture.text import text_of
from bierl_fast.public import public
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.saved import Trained

PathLike = str | os.PathLike[str]
# What may differ between seeds of one and the same run: where it ran, how far, and what was reported on the way.
OF_A_SEED = {"seed", "generations", "total_steps", "target_return", "checkpoint_seconds"}
LONGEST = 60  # characters of a label


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run's records, and what is known of its settings."""

    name: str
    records: Sequence[metrics.Record]
    settings: Mapping[str, Any]  # none of a Result


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
        ConfigError: no runs, runs of several tasks, an unknown ending or `against`, an `out` that exists or cannot be.
        RunDirectoryError: no run there, or none that has done a generation.
        InstallationError: matplotlib is missing.
    """
    choice("axis to draw against", against, AGAINST, ["against"])
    kind, path = "png", None
    if out is not None:
        kind = kind_of_output(out, "picture", KINDS)
        path = require_output(out, force)
    curves, title = curves_of(runs)
    picture = figure_of(curves, title, against)
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
    curves, title = curves_of(runs)
    return text_of(curves, title, against, width)


def curves_of(runs: Sequence[PathLike | Trained]) -> tuple[list[Curves], str]:
    """The runs' curves, labelled by what they differ in, and a title.

    Raises:
        ConfigError: no runs, or runs of several tasks.
        RunDirectoryError: no run there, or none that has done a generation.
    """
    loaded = [one for run in runs for one in _loaded(run)]
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
    labels, common = _labels([one.settings for one in begun])
    count = len(begun)
    curves = [
        Curves(label, one.records, name=one.name if count > 1 else "") for label, one in zip(labels, begun, strict=True)
    ]
    return curves, ", ".join(filter(None, [*tasks, common, "" if count == 1 else f"{count} runs"])) or "run"


def _loaded(run: PathLike | Trained) -> list[Loaded]:
    """One run, or all of a folder's."""
    if isinstance(run, Trained):
        return [Loaded("the Result", run.metrics, {})]
    path = as_path(run, "runs")
    directory = RunDirectory(path)
    if path.is_dir() and not directory.config.exists():
        found = sorted(file.parent for file in path.rglob(directory.config.name))
        if found:
            return [_of_directory(RunDirectory(folder)) for folder in found]
    return [_of_directory(directory)]


def _of_directory(directory: RunDirectory) -> Loaded:
    config = directory.read_config()
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    return Loaded(str(directory.path), records, _settings(config))


def _settings(config: Config) -> dict[str, Any]:
    named = config.named()
    own = [name for name, field in settings_of().items() if not field.metadata.get("machine")]
    return {name: getattr(named, name) for name in own if name not in OF_A_SEED}


def _labels(runs: Sequence[Mapping[str, Any]]) -> tuple[list[str], str]:
    """For each run what tells it from the others, and what all of them share of strategy and meta-level."""
    names = list(dict.fromkeys(name for settings in runs for name in settings))
    differ = [name for name in names if len({repr(settings.get(name)) for settings in runs}) > 1]
    plain = ("strategy", "meta")

    def text(settings: Mapping[str, Any]) -> str:
        parts = [str(settings[name]) for name in plain if name in differ and name in settings]
        parts += [f"{name} {_shown(settings.get(name))}" for name in differ if name not in plain]
        label = ", ".join(parts) or "centre"
        return label if len(label) <= LONGEST else f"{label[:LONGEST]}..."

    common = [str(runs[0][name]) for name in plain if name not in differ and name in runs[0]]
    return [text(settings) for settings in runs], ", ".join(common)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
