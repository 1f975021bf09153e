"""What a user calls: compare.

    SPEC.toml -> compare -> runs, results.csv, summary.md, summary.json, curves/*.png -> Comparison

Nothing here prints, installs a signal handler, or keeps state between calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bierl_fast.comparison import curves as pictures
from bierl_fast.comparison import plan, results, spec, summary
from bierl_fast.comparison.crew import Crew, Observer
from bierl_fast.comparison.place import chosen
from bierl_fast.comparison.plan import PlannedRun
from bierl_fast.comparison.results import Row
from bierl_fast.comparison.run_job import Place, RunJob
from bierl_fast.comparison.spec import Spec
from bierl_fast.comparison.state import RESULTS, SUMMARY, TABLES, Folder, run_status
from bierl_fast.errors import ConfigError, RunDirectoryError, RunWarning, naming, warn
from bierl_fast.files import PathLike, as_path, write_text
from bierl_fast.machine import MOST_THREADS
from bierl_fast.names import choice
from bierl_fast.public import public
from bierl_fast.run import metrics
from bierl_fast.run.directory import RunDirectory
from bierl_fast.values import checked


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What a comparison came to."""

    rows: Sequence[Row]  # one for each run, as in results.csv
    summary: Mapping[str, Any]  # as in summary.json
    failures: Mapping[Path, str]  # a failed run's directory -> why, in one line
    out: Path


@public(numbers=False)
def compare(
    source: PathLike | Mapping[str, Any],
    out: PathLike,
    jobs: int | None = None,
    observer: Observer | None = None,
    *,
    tasks: Sequence[str] | None = None,
    report: bool = False,
    curves: bool = True,
    trust: bool = False,
    ray: str | None = None,
) -> Comparison:
    """Train every run of a comparison, or go on with it, and write down what they say together.

    Runs that are at their end are not run again, unfinished ones go on from their checkpoints, failed ones are tried
    again. A run that fails leaves the others alone.

    Args:
        source: a TOML file, or a dict of the same form (see comparison/spec.py).
        out: where everything goes; made if need be.
        jobs: runs side by side, each on one core; None: the cores this process may use, or that the cluster has.
        observer: told how it stands, twice a second and when a run ends.
        tasks: names of those whose runs are trained now; None: all.
        report: train nothing; the results are written from what there is, beside a comparison at work too.
        curves: draw learning curves; needs matplotlib, without which a report has none and says so.
        trust: whether runs in `out` that name other code than `source` does may import it, though they are not as this
            user trained them here. The code that `source` names is its user's.
        ray: the address of a Ray cluster ("local", "auto" or HOST:PORT) whose nodes do the runs; None: this machine.

    Raises:
        ArgumentTypeError: an argument of another type.
        ConfigError: a comparison that cannot be; nothing has been trained.
        RunDirectoryError: `out` holds runs with other settings, or another comparison is at work there.
        InstallationError: Ray is asked for and not installed.
        WorkerError: the cluster does not answer, or a node cannot do runs.
        KeyboardInterrupt: as it came, once every run under way has saved itself.
    """
    jobs = checked("jobs", jobs, int | None, {"at_least": 1, "at_most": MOST_THREADS})
    directory = as_path(out, "out")
    if directory.exists() and not directory.is_dir():
        raise ConfigError(f"out must be a directory, and {directory} is a file; name another", ["out"])
    described = spec.read(source)
    runs = plan.plan(described)
    for name in tasks or ():
        choice("task of the comparison", name, {run.task for run in runs})
    if report and not directory.is_dir():
        raise RunDirectoryError(f"no comparison at {directory} to report on")
    curves = curves and _can_draw(report)
    if report:  # beside one at work, which writes the same files, each whole
        for run in runs:
            run_status(described, run, directory)
        return _written(described, runs, directory, curves)
    with chosen(jobs, ray) as place, made(directory), RunDirectory(directory).held("the comparison"):
        statuses = [run_status(described, run, directory) for run in runs]
        now = [pair for pair in zip(runs, statuses, strict=True) if tasks is None or pair[0].task in tasks]
        _train(described, now, directory, place, observer or (lambda _: None), trust)
        return _written(described, runs, directory, curves)


def _can_draw(report: bool) -> bool:
    """Whether there is what draws curves; without it a report says that it has none, and nothing is trained."""
    try:
        pictures.require_matplotlib()
    except ConfigError as error:
        if not report:
            raise
        warn(f"the curves are left out: {error}", RunWarning)
        return False
    return True


def _written(described: Spec, runs: Sequence[PlannedRun], directory: Path, curves: bool) -> Comparison:
    if curves:
        pictures.draw(runs, directory)
    return write(described, runs, directory)


@contextmanager
def made(directory: Path) -> Iterator[None]:
    """A directory that is there; a new one goes again if nothing is in it when the block raises."""
    new = not directory.exists()
    with naming(directory):
        directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty
            if new:
                directory.rmdir()
        raise


def _train(
    described: Spec,
    runs: Sequence[tuple[PlannedRun, str]],
    out: Path,
    place: Place[Any],
    observer: Observer,
    trust: bool,
) -> None:
    todo = [(run, state) for run, state in runs if state != "finished"]
    plan.check(described, [run for run, _ in todo])
    done = [run for run, state in runs if state == "finished"]
    crew = Crew(place, observer, finished=len(done), steps=sum(run.steps for run in done))
    crew.work([_task(described, run, out, trust) for run, _ in todo])


def _task(described: Spec, run: PlannedRun, out: Path, trust: bool) -> RunJob:
    folder = Folder(out / run.place)

    def begin() -> dict[str, Any]:
        folder.claim(run.config)
        return {
            "run_dir": str(folder.path),
            "planned": str(folder.planned),
            "resume": folder.run.checkpoint.is_file(),
            "episodes": described.episodes,
            "seed": described.evaluation_seed,
            "trust": trust,
        }

    def failed(why: str) -> None:
        write_text(folder.failure, why + "\n")

    return RunJob(str(run.place.relative_to("runs")), run.steps, begin, failed, folder.log)


def write(described: Spec, runs: Sequence[PlannedRun], out: Path) -> Comparison:
    """Write the results from what is in the runs' directories; equal runs give equal bytes."""
    rows = results.gather(described, runs, out)
    found = summary.summarize(described, rows)
    results.write_csv(rows, out / RESULTS)
    write_text(out / SUMMARY, metrics.dumps(found, indent=1) + "\n")
    write_text(out / TABLES, summary.tables(found))
    folders = [Folder(out / run.place) for run, row in zip(runs, rows, strict=True) if row.state == "failed"]
    return Comparison(rows, found, {folder.path: folder.why_it_failed() or "" for folder in folders}, out)
