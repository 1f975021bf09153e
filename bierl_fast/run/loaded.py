"""Runs to be shown: their records and settings, how they stand, and what they are called.

run directory, folder of some, or Result -> of -> [Loaded, ...] -> labels_of -> what tells one from the other
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.config.sections import settings_of
from bierl_fast.errors import RunDirectoryError
from bierl_fast.files import PathLike, as_path
from bierl_fast.picture.curves import Curves
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.saved import Trained
from bierl_fast.run.state import DAMAGED, state_of

# What may differ between seeds of one and the same run: where it ran, how far, and what was reported on the way.
OF_A_SEED = {"seed", "generations", "total_steps", "target_return", "checkpoint_seconds"}
LONGEST = 60  # characters of a label


@dataclass(frozen=True, slots=True)
class Loaded:
    """One run's records, and what is known of its settings."""

    name: str
    records: Sequence[metrics.Record]
    settings: Mapping[str, Any]  # none of a Result
    directory: RunDirectory | None = None
    config: Config | None = None

    def state(self) -> str:
        """How it stands, in the words of state.py; "" of a Result, of which nothing is known."""
        if self.directory is None or self.config is None:
            return ""
        try:
            return state_of(self.directory, self.config)[0]
        except (RunDirectoryError, OSError):
            return DAMAGED


def of(run: PathLike | Trained) -> list[Loaded]:
    """One run, or all of a folder's.

    Raises:
        RunDirectoryError: no run there, or a damaged one.
    """
    if isinstance(run, Trained):
        return [Loaded("the Result", run.metrics, {})]
    return [of_directory(directory) for directory in directories(run)]


def directories(run: PathLike) -> list[RunDirectory]:
    """The run's directory, or those of all runs in a folder of some."""
    path = as_path(run, "runs")
    directory = RunDirectory(path)
    if path.is_dir() and not directory.config.exists():
        found = sorted(file.parent for file in path.rglob(directory.config.name))
        if found:
            return [RunDirectory(folder) for folder in found]
    return [directory]


def of_directory(directory: RunDirectory) -> Loaded:
    """The run in a directory. RunDirectoryError where there is none, or a damaged one."""
    config = directory.read_config()
    records = metrics.read(directory.metrics) if directory.metrics.is_file() else []
    return Loaded(str(directory.path), records, _settings(config), directory, config)


def curves(runs: Sequence[Loaded]) -> tuple[list[Curves], str]:
    """Their curves, labelled by what they differ in, and what all of them share of strategy and meta-level."""
    labels, common = labels_of([one.settings for one in runs])
    plain = [Curves(label, one.records) for label, one in zip(labels, runs, strict=True)]
    alike = "centre" if all(each.has_center for each in plain) else "mean of candidates"  # what is drawn of them all
    pairs = zip(plain, runs, strict=True)
    found = [Curves(each.label or alike, one.records, one.name if len(runs) > 1 else "") for each, one in pairs]
    return found, common


def _settings(config: Config) -> dict[str, Any]:
    named = config.named()
    own = [name for name, field in settings_of().items() if not field.metadata.get("machine")]
    return {name: getattr(named, name) for name in own if name not in OF_A_SEED}


def labels_of(runs: Sequence[Mapping[str, Any]]) -> tuple[list[str], str]:
    """For each run what tells it from the others ("": nothing), and what all share of strategy and meta-level."""
    names = list(dict.fromkeys(name for settings in runs for name in settings))
    differ = [name for name in names if len({repr(settings.get(name)) for settings in runs}) > 1]
    plain = ("strategy", "meta")

    def text(settings: Mapping[str, Any]) -> str:
        parts = [str(settings[name]) for name in plain if name in differ and name in settings]
        parts += [f"{name} {shown_setting(settings.get(name))}" for name in differ if name not in plain]
        label = ", ".join(parts)
        return label if len(label) <= LONGEST else f"{label[:LONGEST]}..."

    common = [str(runs[0][name]) for name in plain if name not in differ and name in runs[0]]
    return [text(settings) for settings in runs], ", ".join(common)


def shown_setting(value: Any) -> str:
    """A setting's value in few letters."""
    if isinstance(value, tuple):
        return ("x" if all(isinstance(item, int) for item in value) else ", ").join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
