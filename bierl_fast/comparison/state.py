"""How far a comparison's runs are, from their directories alone.

    PlannedRun, folder -> run_status -> "finished" | "unfinished" | "new"      refused: another comparison's run

Beside the run's own files there are planned.toml (the settings it was started with, as the comparison made them),
measure.json, failure.txt (why it stopped last time) and log.txt (what it printed).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from bierl_fast.comparison import measure
from bierl_fast.comparison.measure import Evaluation
from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.comparison.spec import Spec
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, RunDirectoryError
from bierl_fast.files import is_locked, read_text, write_text
from bierl_fast.run import manifest
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.interruption import end_if_told
from bierl_fast.run.warm_start import from_file

# What a comparison came to, in its own directory.
RESULTS, SUMMARY, TABLES = "results.csv", "summary.json", "summary.md"
PATIENCE = 60.0  # seconds that a run gets to save itself


@dataclass(frozen=True, slots=True)
class Folder:
    """The places of one run in a comparison's directory."""

    path: Path

    @property
    def run(self) -> RunDirectory:
        """The run's own files."""
        return RunDirectory(self.path)

    @property
    def planned(self) -> Path:
        """The settings it was started with."""
        return self.path / "planned.toml"

    @property
    def failure(self) -> Path:
        """Why it stopped last time, in one line."""
        return self.path / "failure.txt"

    @property
    def log(self) -> Path:
        """What it printed last time."""
        return self.path / "log.txt"

    def why_it_failed(self) -> str | None:
        """What failure.txt says; None where there is none."""
        try:
            return read_text(self.failure).strip()
        except (OSError, ValueError):
            return None

    def claim(self, config: Config) -> None:
        """Make it ready to be trained in: what the run is to be, and no trace of a failure.

        A run that was stopped before its first checkpoint leaves files that nothing can go on from; they go. One whose
        comparison was killed, or whose node was lost, may still be saving itself, which is waited for.

        Raises:
            RunDirectoryError: the run is under way elsewhere.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + PATIENCE
        while is_locked(self.path) and time.monotonic() < deadline:
            end_if_told()
            time.sleep(0.05)
        with self.run.held():
            if not self.run.checkpoint.is_file():
                self.run.clear()
                self.run.warm_start.unlink(missing_ok=True)
            write_text(self.planned, toml.dumps(config))
            self.failure.unlink(missing_ok=True)


def run_status(spec: Spec, planned: PlannedRun, out: Path) -> str:
    """`finished` (trained to its end and evaluated), `unfinished` (begun), or `new`.

    Raises:
        RunDirectoryError: the folder holds a run with other settings, or one that no comparison started.
    """
    folder = Folder(out / planned.place)
    if not folder.planned.is_file():
        folder.run.require_free()
        return "new"
    _require_same(folder, planned)
    if evaluated(spec, planned, out) is not None:
        return "finished"
    return "unfinished" if folder.run.checkpoint.is_file() else "new"


def evaluated(spec: Spec, planned: PlannedRun, out: Path) -> Evaluation | None:
    """The evaluation of a run at its end (planned, or diverged), made as `spec` says; None: not yet."""
    found = measure.read(RunDirectory(out / planned.place))
    if found is None or (found.env_steps < planned.steps and not found.diverged):
        return None
    return found if (found.episodes, found.seed) == (spec.episodes, spec.evaluation_seed) else None


def _same_generator(folder: Folder, planned: PlannedRun) -> bool:
    """Whether the file that a run's generator began from still holds it; no when nothing says so.

    A file that is gone is no reason to refuse: runs that are at their end need it no more.
    """
    try:
        found = from_file(planned.config)
    except ConfigError:
        return True
    noted = manifest.warm_start(folder.run.manifest)
    return found is not None and noted is not None and noted.get("fingerprint") == found.fingerprint


def _require_same(folder: Folder, planned: PlannedRun) -> None:
    try:
        before = toml.read_saved(folder.planned)
    except ValueError as error:
        raise RunDirectoryError(f"{folder.path} holds a run whose planned.toml is damaged: {error}") from error
    was, now = (json.loads(json.dumps(config.training())) for config in (before, planned.config))
    changed = [f"{name} was {was[name]!r}, is {now[name]!r}" for name in now if was[name] != now[name]]
    if folder.run.checkpoint.is_file() and now["warm_start"] is not None and not _same_generator(folder, planned):
        changed.append(f"the generator in warm_start {now['warm_start']} was another")
    own = folder.run.read_config() if folder.run.checkpoint.is_file() else before  # it may have gone on by itself
    if (own.total_steps or 0) > planned.steps:
        changed.append(f"total_steps was {own.total_steps}, is {planned.steps}, and a run does not go back")
    if changed:
        raise RunDirectoryError(
            f"{folder.path} holds a run with other settings than {planned.where} now has: {', '.join(changed)}; "
            "take another --out, give the entry another name, or remove that directory"
        )
