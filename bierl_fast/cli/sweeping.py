"""`bierl sweep`: a file in, its trials run, the best settings out."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from bierl_fast.cli.many_runs import Standing, jobs_option, ray_option
from bierl_fast.cli.parameters import PathType, debug_option, print_json, quiet_option, trust_option
from bierl_fast.sweeping.api import Sweep
from bierl_fast.sweeping.results import BEST, text
from bierl_fast.sweeping.search import SweepProgress


@click.command()
@click.argument("spec", metavar="SPEC.toml", type=PathType())
@click.option("--out", type=PathType(), help="where everything goes [default: sweeps/SPEC]")
@jobs_option
@ray_option
@click.option(
    "--storage", help="what Optuna keeps the study in, a URL [default: the file's; else a file of SQLite in --out]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what it came to as JSON.")
@trust_option
@quiet_option
@debug_option
def sweep(
    spec: Path,
    out: Path | None,
    jobs: int | None,
    ray: str | None,
    storage: str | None,
    as_json: bool,
    trust: bool,
    quiet: bool,
) -> None:
    """Search the space in SPEC.toml for the best settings, by Optuna's samplers and pruners.

    Interrupted or killed, the same command goes on, and the trials are those of a sweep that was never stopped.
    """
    from bierl_fast.sweeping import api  # noqa: PLC0415 - loads the native module

    out = out or Path("sweeps", spec.stem)
    try:
        with nullcontext() if quiet or as_json else Display() as display:
            found = api.sweep(spec, out, jobs, display, storage=storage, trust=trust, ray=ray)
    except KeyboardInterrupt:
        if not quiet:
            click.echo("bierl: interrupted and saved; the same command goes on", err=True)
        raise
    if as_json:
        print_json(_as_json(found))
    elif not quiet:
        click.echo(text(found.trials))
        click.echo(_closing_line(found))
    if found.best is None:
        raise click.ClickException(f"no trial has a number; {found.out / 'trials.csv'} says why")


def _as_json(found: Sweep) -> dict[str, object]:
    best = None if found.best is None else asdict(found.best)
    return {
        "out": str(found.out),
        "study": found.study,
        "storage": found.storage,
        "best": best,
        "trials": [asdict(row) for row in found.trials],
    }


def _closing_line(found: Sweep) -> str:
    if found.best is None:
        return f"results: {found.out}"
    return f"results: {found.out}; next: bierl train --config {shlex.quote(str(found.out / BEST))}"


class Display(Standing):
    """An observer of a sweep."""

    def __init__(self) -> None:
        super().__init__("trials")

    def __call__(self, progress: SweepProgress) -> None:
        """Show how it stands."""
        facts = f"{progress.told}/{progress.trials} trials"
        facts += f", {progress.pruned} pruned" if progress.pruned else ""
        facts += f", {progress.failed} failed" if progress.failed else ""
        facts += "" if progress.best is None else f", best {progress.best:.6g}"
        self.show(progress.news, progress.told, progress.trials, facts, facts)
