"""`bierl plot`: runs as a picture, or as text in the terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from bierl_fast.cli.parameters import PathType, debug_option


@click.command()
@click.argument("run_dirs", metavar="DIR...", nargs=-1, required=True, type=PathType())
@click.option("--out", type=PathType(), help="the file to write: .png, .svg or .pdf [default: a text plot]")
@click.option("--against", default="env_steps", show_default=True, help="env_steps, generations or seconds")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@debug_option
def plot(run_dirs: tuple[Path, ...], out: Path | None, against: str, force: bool) -> None:
    """Draw the runs of one task: return, sigma, learning rate, steps a second, the meta-level's share of the steps.

    A DIR is a run, or a folder of some. Runs that differ in their seed alone are drawn together, as median and middle
    half. A running one is drawn as far as it has got. Needs the extra plot.
    """
    from bierl_fast.run import plot as pictures  # noqa: PLC0415 - loads the native module

    if out is None:
        width = shutil.get_terminal_size().columns
        click.echo(pictures.text_plot(*run_dirs, against=against, width=width))
        return
    pictures.plot(*run_dirs, out=out, against=against, force=force)
    click.echo(str(out))
