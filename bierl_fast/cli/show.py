"""`bierl evaluate`, `tasks`, `info` and `presets`: a question in, a table or JSON out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bierl_fast import machine
from bierl_fast.cli.options import machine_options
from bierl_fast.cli.parameters import SettingType, debug_option
from bierl_fast.config import toml
from bierl_fast.run import manifest
from bierl_fast.run.metrics import dumps

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("run_dir", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--episodes", type=SettingType(int), default=100, show_default=True, help="fresh episodes to run")
@click.option("--seed", type=SettingType(int), default=0, show_default=True, help="of the episodes")
@machine_options("as many as this process may use")
@click.option(
    "--fresh-env", type=SettingType(str), help="auto, always or never: as of `bierl train` [default: the run's own]"
)
@click.option(
    "--episode-timeout",
    type=SettingType(float),
    help="seconds an episode in a worker process may take [default: the run's own]",
)
@json_option
@debug_option
def evaluate(run_dir: Path, as_json: bool, **options: Any) -> None:
    """Run the policy of DIR on fresh episodes, without action noise."""
    from bierl_fast.run import api  # noqa: PLC0415 - loads the native module

    report = api.evaluate(run_dir, **options)
    if as_json:
        print_json(report)
        return
    click.echo(f"{report['task']}: {report['episodes']} fresh episodes, seed {report['seed']}")
    click.echo(f"  return  {report['mean_return']:.2f} +/- {report['std_return']:.2f}")
    click.echo(f"  range   {report['min_return']:.2f} to {report['max_return']:.2f}")
    click.echo(f"  length  {report['mean_length']:.1f} steps")
    if report["episode_failures"]:
        click.echo(f"  failed  {report['episode_failures']} episodes; they count with the lowest return of all")


@click.command()
@json_option
@debug_option
def tasks(as_json: bool) -> None:
    """List the native tasks: environments, and test functions."""
    from bierl_fast.evaluation.native import native_tasks  # noqa: PLC0415
    from bierl_fast.evaluation.policy.vector import native_function_entries  # noqa: PLC0415

    known, functions = native_tasks(), native_function_entries()
    if as_json:
        print_json([*known, *functions])
        return
    for task in known:
        click.echo(task["id"])
    click.echo("Native, each. Any other Gymnasium id works too, in worker processes: `bierl train LunarLander-v3`.")
    names = ", ".join(function["id"] for function in functions)
    click.echo(f"Functions, with --dim N: {names}, or a Python function as module:function.")


@click.command()
@json_option
@debug_option
def info(as_json: bool) -> None:
    """Show versions, compiler, the instruction set in use, and cores."""
    facts: dict[str, Any] = {
        "versions": manifest.versions(),
        "cpu": machine.cpu_name(),
        "cores": machine.available_cores(),
        "compiler": None,
        "instruction_set": None,
        **manifest.build_info(),
    }
    if as_json:
        print_json(facts)
        return
    for name, value in {**facts.pop("versions"), **facts}.items():
        click.echo(f"{name:16} {'-' if value is None else value}")


@click.command()
@click.argument("name", required=False)
@json_option
@debug_option
def presets(name: str | None, as_json: bool) -> None:
    """List the presets that `bierl train --preset NAME` takes; with NAME, show that one's settings.

    What is shown is a file that `bierl train --config FILE` takes too.
    """
    if name is not None:
        settings = toml.read_preset(name)
        if as_json:
            print_json(settings)
        else:
            click.echo(toml.presets()[name].read_text(encoding="utf-8"), nl=False)
        return
    known = [{"name": name, "description": toml.describe_preset(path)} for name, path in toml.presets().items()]
    if as_json:
        print_json(known)
        return
    for preset in known:
        click.echo(f"{preset['name']:24} {preset['description']}")
    if not known:
        click.echo("no presets yet")


def print_json(value: Any) -> None:
    """`value` as strict JSON on standard output."""
    click.echo(dumps(value, indent=2))
