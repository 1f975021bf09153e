"""`bierl export`: a run's policy in a file that other programs run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bierl_fast.cli.options import own_options
from bierl_fast.cli.output import number_text
from bierl_fast.cli.parameters import PathType, SettingType, debug_option, json_option, print_json, trust_option
from bierl_fast.exporting.table import FORMATS

FORMS = "\n".join(f"{name:12} {entry.about}" for name, entry in FORMATS.items())
HELP = f"""Write the policy of DIR, or of a policy.npz, into a file that runs without this package.

Normalization of observations, network, squash and action box are inside. Formats:

\b
{FORMS}
"""


@click.command(help=HELP)
@click.argument("run_dir", metavar="DIR", type=PathType())
@click.option(
    "--format",
    "format_name",
    required=True,
    type=SettingType(str, choices=tuple(FORMATS)),
    help=f"one of {', '.join(FORMATS)}",
)
@click.option("--out", required=True, type=PathType(), help="the file to write")
@click.option("--best", is_flag=True, help="The policy that evaluated best (--eval-interval), instead of the last.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@own_options("policy")
@trust_option
@json_option
@debug_option
def export(run_dir: Path, format_name: str, out: Path, as_json: bool, **options: Any) -> None:
    """Write `out`."""
    from bierl_fast.exporting import api  # noqa: PLC0415 - loads the native module

    found = api.export(run_dir, out, format=format_name, **options)
    if as_json:
        print_json({"out": str(out), "format": format_name, **found})
        return
    reached = "" if found["return"] is None else f", return {number_text(found['return'])} ({found['return_of']})"
    click.echo(f"{out}: {found['task']}, {found['observation_size']} -> {found['action_size']}{reached}")
