"""What a user calls: sweep.

    SPEC.toml -> sweep -> trials, trials.csv, best.toml -> Sweep

Nothing here prints, installs a signal handler, or keeps state between calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.comparison.api import made
from bierl_fast.comparison.place import chosen
from bierl_fast.config.config import Config
from bierl_fast.errors import BierlError, ConfigError
from bierl_fast.files import PathLike, as_path
from bierl_fast.machine import MOST_THREADS
from bierl_fast.public import public
from bierl_fast.run.directory import RunDirectory
from bierl_fast.sweeping import claim, fitting, parts, results, spec
from bierl_fast.sweeping.order import Order
from bierl_fast.sweeping.results import TrialRow
from bierl_fast.sweeping.search import Observer, Search
from bierl_fast.values import checked


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What a sweep came to."""

    trials: Sequence[TrialRow]  # in order
    best: TrialRow | None  # None: no trial has a number
    best_config: Config | None  # its settings, as best.toml has them
    out: Path
    study: str  # the name of Optuna's study
    storage: str  # what that is in; a URL, where it was none an object's class


@public(numbers=False)
def sweep(
    source: PathLike | Mapping[str, Any],
    out: PathLike,
    jobs: int | None = None,
    observer: Observer | None = None,
    *,
    storage: Any = None,
    trust: bool = False,
    ray: str | None = None,
) -> Sweep:
    """Search for the best settings, or go on with a search.

    The trials depend on `source` alone: not on jobs, and not on how often the sweep was stopped, killed and called
    again. Trials that are at their end are not run again, unfinished runs go on from their checkpoints.

    Args:
        source: a TOML file, or a dict of the same form (see sweeping/spec.py), in which sampler, pruner and storage may
            be objects of Optuna's.
        out: where everything goes; made if need be.
        jobs: runs side by side, each on one core; None: the cores this process may use, or that the cluster has.
        observer: told how it stands, twice a second and when a trial ends.
        storage: what Optuna keeps the study in, a URL or an object, in place of the source's; None: that, or a file
            of SQLite in `out`.
        trust: whether runs in `out` that name other code than `source` does may import it, though they are not as this
            user trained them here. The code that `source` names is its user's.
        ray: the address of a Ray cluster ("local", "auto" or HOST:PORT) whose nodes do the runs; None: this machine.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: a sweep that cannot be; nothing has been trained.
        InstallationError: Optuna, or what a sampler needs, is not installed; or Ray.
        RunDirectoryError: `out` holds another sweep, or another process is at work there.
        SweepError: the storage cannot be used, or the first trials all failed.
        WorkerError: the cluster does not answer, or a node cannot do runs.
        KeyboardInterrupt: as it came, once every run under way has saved itself.
    """
    jobs = checked("jobs", jobs, int | None, {"at_least": 1, "at_most": MOST_THREADS})
    directory = as_path(out, "out")
    if directory.exists() and not directory.is_dir():
        raise ConfigError(f"out must be a directory, and {directory} is a file; name another", ["out"])
    parts.package()
    said = spec.read(source)
    Order(said)  # a sampler or pruner that cannot be made is told before anything is
    fitting.check(said)
    kept = storage if storage is not None else said.storage
    with chosen(jobs, ray) as place, made(directory), RunDirectory(directory).held("the sweep"):
        record = claim.record(said, directory, kept)
        search = Search(said, directory, record, place, observer or (lambda _: None), trust)
        try:
            search.work()
        except BaseException:
            with suppress(BierlError, OSError):  # why it ends says more
                results.write(said, results.rows(said, record.trials()), directory)
            raise
        found = results.rows(said, record.trials())
        results.write(said, found, directory)
    best = results.best_of(found)
    return Sweep(
        trials=found,
        best=best,
        best_config=None if best is None else results.settings_of(said, best),
        out=directory,
        study=said.study,
        storage=record.in_words,
    )
