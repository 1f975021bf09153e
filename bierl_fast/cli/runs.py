"""`bierl runs` and `bierl show`: what runs there are, and one of them in a page."""

from __future__ import annotations

from pathlib import Path

import click

from bierl_fast.cli.parameters import PathType, debug_option, json_option, print_json
from bierl_fast.columns import lines
from bierl_fast.errors import ArchiveError
from bierl_fast.run.progress import return_text

HEAD = ("run", "state", "task", "strategy", "meta", "seed", "score", "generations", "steps", "when")
LEFT = [HEAD.index(name) for name in ("run", "state", "task", "strategy", "meta", "when")]
DEFAULT = Path("runs")


@click.command()
@click.argument("folder", metavar="[DIR]", type=PathType(), default=DEFAULT)
@json_option
@debug_option
def runs(folder: Path, as_json: bool) -> None:
    """List the runs in DIR, a folder of some or of folders of some [default: runs], the latest first.

    A run is running, finished, interrupted (`bierl resume` goes on with it), or damaged. Its score is its best
    reporting evaluation (--eval-interval), else its latest return.
    """
    from bierl_fast.run import listing  # noqa: PLC0415 - loads the native module

    found = [] if folder == DEFAULT and not folder.exists() else listing.runs(folder)
    if as_json:
        print_json([listing.as_json(one) for one in found])
        return
    if not found:
        click.echo(f"no runs in {folder}; bierl train TASK makes one")
        return
    rows = [
        (
            str(one.path), one.state, one.task, one.strategy, one.meta, one.seed, return_text(one.score),
            one.generations, None if one.env_steps is None else f"{one.env_steps:,}", (one.when or "")[:16],
        )
        for one in found
    ]  # fmt: skip
    table = [HEAD, *(tuple("-" if cell is None else str(cell) for cell in row) for row in rows)]
    for line in lines(table, LEFT):
        click.echo(line)
    for one in found:
        if one.why:
            click.echo(f"{one.path}: {one.why}")


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@json_option
@debug_option
def show(run_dir: Path, as_json: bool) -> None:
    """Show the run in DIR: where it stands, its settings, its latest numbers, its files, what to do next.

    Of a file that `bierl pretrain` makes: how the generator was trained, and what each validation found.
    """
    from bierl_fast.run import listing  # noqa: PLC0415 - loads the native module

    if run_dir.is_file() and _showed_generator(run_dir, as_json):
        return
    page = listing.show(run_dir)
    if as_json:
        print_json(listing.as_json(page))
    else:
        click.echo(str(page))


def _showed_generator(path: Path, as_json: bool) -> bool:
    """Whether the file holds a generator, which is then shown."""
    from bierl_fast.pretraining import page  # noqa: PLC0415 - loads the native module

    try:
        found = page.facts(path)
    except ArchiveError:
        return False
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(page.in_lines(found)))
    return True
