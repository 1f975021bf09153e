"""`bierl compare`: a file in, its runs trained, their tables out."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from bierl_fast.cli.many_runs import Standing, jobs_option, ray_option
from bierl_fast.cli.parameters import PathType, debug_option, quiet_option, trust_option
from bierl_fast.comparison.api import Comparison
from bierl_fast.comparison.crew import ComparisonProgress
from bierl_fast.comparison.reading import OF_RUNS
from bierl_fast.comparison.state import TABLES
from bierl_fast.run.metrics import dumps


def _one_alone(context: click.Context, _: click.Parameter, others: tuple[str, ...]) -> None:
    if others:
        raise click.UsageError(f"one SPEC.toml at a time, which says what to train; {OF_RUNS}", context)


@click.command()
@click.argument("spec", metavar="SPEC.toml", type=PathType())
@click.argument("others", metavar="", nargs=-1, callback=_one_alone, expose_value=False)
@click.option("--out", type=PathType(), help="where everything goes [default: comparisons/SPEC]")
@jobs_option
@ray_option
@click.option("--task", "tasks", multiple=True, help="train this task's runs alone; more than once for several")
@click.option("--report", is_flag=True, help="Train nothing; write the results from what there is.")
@click.option("--curves/--no-curves", default=True, show_default=True, help="Draw learning curves (needs matplotlib).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@trust_option
@quiet_option
@debug_option
def compare(
    spec: Path,
    out: Path | None,
    jobs: int | None,
    ray: str | None,
    tasks: tuple[str, ...],
    report: bool,
    curves: bool,
    as_json: bool,
    trust: bool,
    quiet: bool,
) -> None:
    """Train every run that SPEC.toml describes, or go on with them, and compare what they reached.

    Interrupted or killed, the same command goes on where it stood.
    """
    from bierl_fast.comparison import api  # noqa: PLC0415 - loads the native module

    out = out or Path("comparisons", spec.stem)
    try:
        with nullcontext() if quiet or as_json else Display() as display:
            found = api.compare(
                spec, out, jobs, display, tasks=tasks or None, report=report, curves=curves, trust=trust, ray=ray
            )
    except KeyboardInterrupt:
        if not quiet:
            click.echo("bierl: interrupted and saved; the same command goes on", err=True)
        raise
    if as_json:
        click.echo(dumps(found.summary, indent=2))
    elif not quiet:
        click.echo((out / TABLES).read_text(encoding="utf-8"))
        click.echo(f"results: {out}")
    _require_success(found)


def _require_success(found: Comparison) -> None:
    """Raise, for exit code 1, when runs failed: the first one's error, and where the others' are."""
    if not found.failures:
        return
    path, why = next(iter(found.failures.items()))
    more = "" if len(found.failures) == 1 else f"; the others say why in their failure.txt under {found.out / 'runs'}"
    raise click.ClickException(f"{len(found.failures)} of {len(found.rows)} runs failed; {path}: {why}{more}")


class Display(Standing):
    """An observer of a comparison."""

    def __init__(self) -> None:
        super().__init__("env steps", remaining=True)

    def __call__(self, progress: ComparisonProgress) -> None:
        """Show how it stands."""
        facts = f"{progress.finished}/{progress.runs} runs"
        if progress.failed:
            facts += f", {progress.failed} failed"
        line = f"{facts}  steps {progress.steps:,}/{progress.total_steps:,}"
        self.show(progress.news, progress.steps, progress.total_steps, facts, line)
