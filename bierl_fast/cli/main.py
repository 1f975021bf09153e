"""The command `bierl`.

    command line -> entry -> a command -> exit code

Exit codes: 0 done; 1 failed, with one line on standard error, or what it was to print did not get out; 2 bad
arguments; 130 interrupted (143 by SIGTERM, 129 by SIGHUP), after a checkpoint was written.
"""

from __future__ import annotations

import importlib
import io
import sys
import traceback
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from bierl_fast.cli import signals
from bierl_fast.cli.output import streams
from bierl_fast.cli.parameters import OF_COMMANDS, OTHER_NAMES, debug_option
from bierl_fast.errors import ConfigError, OldNameWarning, RunWarning, naming, one_line
from bierl_fast.import_path import searching_here
from bierl_fast.machine import versions
from bierl_fast.names import nearest, unknown

COMMANDS: dict[str, tuple[str, str]] = {  # its module, and what it is for
    "train": ("training", "Train a policy."),
    "resume": ("training", "Go on with a run."),
    "pretrain": ("pretraining", "Train a generator for warm starts."),
    "compare": ("comparing", "Train and compare many runs."),
    "sweep": ("sweeping", "Search for the best settings."),
    "diagnose": ("diagnosing", "Does the meta-level judge well?"),
    "evaluate": ("evaluating", "How good is a trained policy."),
    "runs": ("runs", "The runs there are."),
    "show": ("runs", "One run in a page."),
    "plot": ("plotting", "Runs as a picture."),
    "report": ("reporting", "Runs as a page for a browser."),
    "watch": ("viewing", "A policy in a window."),
    "record": ("viewing", "A policy on film."),
    "export": ("exporting", "A policy for other programs."),
    "completion": ("completing", "Commands, settings and names completed by the shell."),
    "tasks": ("show", "The tasks there are."),
    "info": ("show", "Versions and machine."),
    "presets": ("show", "The presets there are, or what one sets."),
}


MEANT = {other: name for name, others in reversed(OF_COMMANDS.items()) for other in others}


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
        """The command that was typed, or a usage error with the nearest one; `help COMMAND` is `COMMAND --help`."""
        if args and args[0] == "help":
            args = [*args[1:2], "--help"]
            if len(args) == 1:
                click.echo(ctx.get_help())
                ctx.exit()
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(str(unknown("command", args[0], COMMANDS, also=MEANT)), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises comes out as it was, whatever its class."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise Raised(error) from error


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"bierl_fast {versions()['bierl_fast'] or '(not installed)'}")
    context.exit()


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    invoke_without_command=True,
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show it and exit.")
@debug_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Evolution strategies whose hyperparameters a meta-level sets, at the simulator's own speed.

    Ctrl-C, SIGTERM and SIGHUP end a command once what is under way has saved itself (exit code 130, 143, 129); SIGUSR1
    saves, and it goes on.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def entry(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (this process's own when None) and return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files that are no UTF-8
    with streams() as given, warnings.catch_warnings(), searching_here(), signals.handled():
        warnings.simplefilter("always", RunWarning)
        warnings.simplefilter("always", OldNameWarning)
        warnings.showwarning = _show_warning
        try:
            with naming(Path()):
                Path.cwd()  # without one, libraries that are loaded later fail in ways of their own
            code = cli.main(arguments, prog_name="bierl", standalone_mode=False)
            return given.exit_code(code if isinstance(code, int) else 0, arguments)
        except SystemExit as error:  # click's, when a shell asks it to complete a line
            return error.code if isinstance(error.code, int) else 1
        except BaseException as error:
            return _failed(error, arguments)


class Raised(Exception):  # noqa: N818 - what carries another one
    """Takes past click what a command raised, some of which means something else there: EOFError, a broken pipe."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _failed(error: BaseException, arguments: Sequence[str]) -> int:
    """Say in one line what went wrong with a command line; the exit code."""
    if isinstance(error, click.Abort):  # click's word for KeyboardInterrupt
        return signals.exit_code(error.__cause__)
    if isinstance(error, Raised):
        error = error.error
    if "--debug" in arguments:
        traceback.print_exception(error)
    click.echo(f"bierl: error: {_one_line(error, arguments)}", err=True)
    if isinstance(error, click.ClickException):
        return error.exit_code
    return 2 if isinstance(error, ConfigError) else 1


def _one_line(error: BaseException, arguments: Sequence[str]) -> str:
    if isinstance(error, click.UsageError):
        named = next((word for word in arguments if word in COMMANDS), "")  # click's parser gives no context
        where = error.ctx.command_path if error.ctx else f"bierl {named}".strip()
        text = _no_option(error, arguments) if isinstance(error, click.NoSuchOption) else error.format_message()
        text += f" (`{where} --help` lists what there is)"
    elif isinstance(error, click.ClickException):
        text = error.format_message()
    else:
        return one_line(error, hint=" (--debug shows where)")
    return " ".join(text.split())


def _no_option(error: click.NoSuchOption, arguments: Sequence[str]) -> str:
    """Which option, or argument, is meant by one that there is not."""
    from bierl_fast.cli.options import ENTRIES  # noqa: PLC0415 - loads NumPy
    from bierl_fast.config.sections import SYNONYMS, settings_of  # noqa: PLC0415 - likewise

    parameters = error.ctx.command.params if error.ctx else []
    options = [parameter for parameter in parameters if isinstance(parameter, click.Option) and not parameter.hidden]
    flags = {_bare(flag): flag for option in options for flag in (*option.opts, *option.secondary_opts)}
    also = {other: _bare(ENTRIES[name][0]) if name in ENTRIES else name for other, name in SYNONYMS.items()}
    also |= {other: name for name, others in OTHER_NAMES.items() for other in (*others, name)}
    typed = error.option_name
    if not typed.startswith("--"):  # of -lr click tells the first letter
        typed = next((word for word in arguments if word.startswith(typed)), typed)
    name, text = _bare(typed), f"no option {typed}"
    for argument in parameters:
        if isinstance(argument, click.Argument) and argument.name in {name, also.get(name)}:
            shown = argument.make_metavar(error.ctx) if error.ctx else argument.human_readable_name
            return f"{text}: {shown.strip('[]')} is given by itself, without an option's name"
    if name.startswith("no_") and also.get(name[3:]) in flags:
        name = f"no_{also[name[3:]]}"
    elif also.get(name, name) not in flags and (commands := _for_that(name)):
        return f"{text}; for that there is {commands}"
    elif (setting := also.get(name, name)) in settings_of().keys() - flags.keys():
        if near := get_close_matches(setting, flags, n=1, cutoff=0.7):  # --episodes of `bierl evaluate`
            return f"{text}; did you mean {flags[near[0]]!r}?"
        return f"{text}; {setting} is a setting, of `bierl train` and of files"
    meant = nearest(name, flags, also)
    return f"{text}; did you mean {flags[meant]!r}?" if meant else text


def _for_that(name: str) -> str:
    """The commands that do what somebody wanted of an option, in words; empty where there is none."""
    found = [command for command, others in OF_COMMANDS.items() if name in {command, *others}]
    return " and ".join(f"`bierl {each}` ({COMMANDS[each][1].rstrip('.').lower()})" for each in found)


def _bare(flag: str) -> str:
    return flag.lstrip("-").replace("-", "_")


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    click.echo(f"bierl: warning: {message}", err=True)
