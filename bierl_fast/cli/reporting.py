"""`bierl report`: runs as a page."""

from __future__ import annotations

from pathlib import Path

import click

from bierl_fast.cli.parameters import PathType, debug_option, trust_option


@click.command()
@click.argument("run_dirs", metavar="DIR...", nargs=-1, required=True, type=PathType())
@click.option("--out", required=True, type=PathType(), help="the file to write, such as report.html")
@click.option("--against", default="env_steps", show_default=True, help="env_steps, generations or seconds")
@click.option("--video", is_flag=True, help="Film an episode of each run, as `bierl record` does (extra video).")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@trust_option
@debug_option
def report(run_dirs: tuple[Path, ...], out: Path, against: str, video: bool, force: bool, trust: bool) -> None:
    """Make a page of runs: one file for a browser that needs nothing but itself.

    Curves to zoom into, where the time went, evaluations, films, settings, versions, the command that repeats a run. A
    DIR is a run, a folder of some, or a comparison; a run under way is shown as far as it has got. Needs the extra
    report.
    """
    from bierl_fast.reports import api  # noqa: PLC0415 - loads the native module

    api.report(*run_dirs, out=out, against=against, video=video, force=force, trust=trust)
    click.echo(str(out))
