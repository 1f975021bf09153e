"""`bierl train` and `bierl resume`: arguments in, a run called, its progress out."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from bierl_fast.cli.grouped import GroupedCommand
from bierl_fast.cli.options import config_options, given, own_options
from bierl_fast.cli.parameters import (
    PathType,
    PresetType,
    SettingType,
    TaskType,
    debug_option,
    quiet_option,
    trust_option,
    verbose_option,
)
from bierl_fast.cli.progress import Display
from bierl_fast.config.config import Config
from bierl_fast.config.layers import layers_of
from bierl_fast.config.sections import functions, of_this_machine
from bierl_fast.errors import EpisodeWarning, RunWarning, counted
from bierl_fast.run.directory import RunDirectory, default_directory
from bierl_fast.run.progress import return_text
from bierl_fast.run.reporting import achieved
from bierl_fast.run.result import Result

F = TypeVar("F", bound=Callable[..., Any])


@click.command(cls=GroupedCommand)
@click.argument("task", required=False, type=TaskType())
@config_options
@click.option("--run-dir", type=PathType(), help="where the run's files go [default: runs/TASK-...-N]")
@click.option("--config", "config_file", type=PathType(), help="settings from a TOML file")
@click.option(
    "--preset",
    type=PresetType(),
    help="settings of a published or tuned experiment (`bierl presets`); none: what all MuJoCo tasks start from",
)
@quiet_option
@verbose_option
@debug_option
@click.pass_context
def train(
    context: click.Context,
    /,
    *,
    task: str | None,
    run_dir: Path | None,
    config_file: Path | None,
    preset: str | None,
    quiet: bool,
    verbose: bool,
    **_: Any,
) -> None:
    """Train a policy for TASK.

    Settings come from the defaults, then --preset, then --config, then what is typed here; later ones win. With neither
    of the first two, nor a --strategy, each of Gymnasium's MuJoCo tasks has a start of its own; with --preset none, all
    have the same one. A test function has 30 parameters where no --dim is given. The first line says it.
    """
    from bierl_fast.run import api  # noqa: PLC0415 - loads the native module
    from bierl_fast.run.warm_start import with_file  # noqa: PLC0415 - loads the native module

    typed = given(context) | ({"task": task} if task else {})  # one layer: a typed task_kwargs is of the typed task
    layers = layers_of(typed, preset, config_file)
    with layers.blamed():
        config = layers.config()
        config.check_end()
        with nullcontext(run_dir) if run_dir is not None else default_directory(with_file(config)) as directory:
            shown = Display(config, directory, quiet, verbose, layers.start_in_words(config))
            _run(shown, partial(api.train, config, directory, warm_start_observer=shown.warm_start))


@click.command()
@click.argument("run_dir", metavar="DIR", type=PathType())
@click.option("--generations", type=SettingType(int), help="the run's new total of generations")
@click.option("--total-steps", type=SettingType(int), help="the run's new total of environment steps")
@own_options(*functions(), *of_this_machine(), "log")
@trust_option
@quiet_option
@verbose_option
@debug_option
def resume(
    run_dir: Path,
    generations: int | None,
    total_steps: int | None,
    quiet: bool,
    verbose: bool,
    trust: bool,
    **own: Any,
) -> None:
    """Go on with the run in DIR, as if it had never stopped.

    The totals are the run's new totals, not additions; without them the run goes on to the end it was given.
    """
    from bierl_fast.run import api  # noqa: PLC0415 - loads the native module

    machine = {name: own[name] for name in of_this_machine()}
    config = RunDirectory(run_dir).read_config().continued(generations, total_steps, **machine)
    shown = Display(config, run_dir, quiet, verbose)
    _run(shown, partial(api.resume, run_dir, generations, total_steps, trust=trust, **own))


def _run(shown: Display, call: Callable[..., Result]) -> None:
    """Call with the display among the callbacks; say how it ended, and what to do next."""
    if shown.quiet:
        warnings.simplefilter("ignore", RunWarning)
        warnings.simplefilter("ignore", EpisodeWarning)
    try:
        with shown:
            result = call(callbacks=[shown])
    except KeyboardInterrupt as error:
        saved = _saved(error, shown.config, shown.directory)
        if not shown.quiet:
            click.echo(f"bierl: interrupted {saved}", err=True)
        raise
    if not shown.quiet:
        click.echo(_closing_line(result, shown.directory, shown.config))


def _saved(error: KeyboardInterrupt, config: Config, directory: Path) -> str:
    """What an interrupted run left and how to go on; raises, for exit code 1, when its last is not saved."""
    notes = getattr(error, "__notes__", [])
    if notes:
        raise click.ClickException("; ".join(["interrupted", *notes])) from error
    files = RunDirectory(directory)
    if files.checkpoint.exists():
        return f"and saved; go on with `bierl resume {shlex.quote(str(directory))}`"
    if config.warm_start_task is not None and files.warm_start.exists():
        learned = shlex.quote(str(files.warm_start))
        return (
            f"before the run began; what its warm start has learned is in {files.warm_start}: start from that with "
            f"`--warm-start {learned} --warm-start-task none`, or take it away and start anew"
        )
    return "before the run began; nothing was saved"


def _closing_line(result: Result, directory: Path, config: Config) -> str:
    """What the run came to, and what to do next."""
    if not result.metrics:
        return f"nothing trained; {directory}"
    last, target = result.metrics[-1], config.target_return
    mean = return_text(last.get("mean_return"))
    reached = achieved(last["evaluation"]) if last.get("evaluation") else None
    if target is not None and reached is not None and reached >= target:
        mean += f", {return_text(reached)} when evaluated: the target of {target:g} is reached"
    short = f", whose episodes end after {config.episode_cap} steps" if config.episode_cap is not None else ""
    also = ["show", "plot", *(["record", "export"] if config.dim is None else [])]
    return (
        f"{counted(last['generation'] + 1, 'generation')}, {last.get('env_steps', 0):,} steps, "
        f"mean return {mean} in the last{short}; "
        f"next: bierl evaluate {shlex.quote(str(directory))}; also bierl {', '.join(also)}"
    )
