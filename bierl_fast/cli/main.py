"""The command `bierl`.

    command line -> entry -> a command -> exit code

Exit codes: 0 done; 1 failed, with one line on standard error; 2 bad arguments; 130 interrupted, after a
checkpoint was written.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import click

from bierl_fast.cli.parameters import debug_option
from bierl_fast.errors import ConfigError, OldNameWarning, RunWarning, one_line
from bierl_fast.import_path import searching_here
from bierl_fast.machine import versions
from bierl_fast.names import unknown

COMMANDS: dict[str, tuple[str, str]] = {  # its module, and what it is for
    "train": ("training", "Train a policy."),
    "resume": ("training", "Go on with a run."),
    "pretrain": ("pretraining", "Train a generator for warm starts."),
    "compare": ("comparing", "Train and compare many runs."),
    "diagnose": ("diagnosing", "Does the meta-level judge well?"),
    "evaluate": ("evaluating", "How good is a trained policy."),
    "tasks": ("show", "The tasks there are."),
    "info": ("show", "Versions and machine."),
    "presets": ("show", "The presets there are, or what one sets."),
}


class CommandGroup(click.Group):
    """The commands, each loaded when it is called, with the nearest one offered for a mistyped name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bierl_fast.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without loading what it names."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed, or a usage error with the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(str(unknown("command", args[0], COMMANDS)), ctx)
        return super().resolve_command(ctx, args)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"bierl_fast {versions()['bierl_fast'] or '(not installed)'}")
    context.exit()


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show it and exit.")
@debug_option
def cli() -> None:
    """Evolution strategies whose hyperparameters a meta-level sets, at the simulator's own speed."""


def entry(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (this process's own when None) and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings(), searching_here():
        warnings.simplefilter("always", RunWarning)
        warnings.simplefilter("always", OldNameWarning)
        warnings.showwarning = _show_warning
        try:
            code = cli.main(arguments, prog_name="bierl", standalone_mode=False)
            return code if isinstance(code, int) else 0
        except Exception as error:
            return _failed(error, debug="--debug" in arguments)


def _failed(error: Exception, debug: bool) -> int:
    """Say in one line what went wrong; the exit code."""
    if isinstance(error, click.Abort):  # click's word for KeyboardInterrupt
        return 130
    if isinstance(error, BrokenPipeError):  # `bierl tasks | head`: nobody listens any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    if debug:
        traceback.print_exception(error)
    click.echo(f"bierl: error: {_one_line(error)}", err=True)
    if isinstance(error, click.ClickException):
        return error.exit_code
    return 2 if isinstance(error, ConfigError) else 1


def _one_line(error: Exception) -> str:
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "bierl"
        text = f"{error.format_message()} (`{where} --help` lists what there is)"
    elif isinstance(error, click.ClickException):
        text = error.format_message()
    else:
        return one_line(error, hint=" (--debug shows where)")
    return " ".join(text.split())


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    click.echo(f"bierl: warning: {message}", err=True)
