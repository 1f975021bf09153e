"""`bierl tasks`, `info` and `presets`: a question in, a table or JSON out."""

from __future__ import annotations

from typing import Any

import click

from bierl_fast import machine
from bierl_fast.cli.parameters import PresetType, debug_option, json_option, print_json


@click.command()
@json_option
@debug_option
def tasks(as_json: bool) -> None:
    """List the native tasks: environments, and test functions."""
    from bierl_fast.evaluation.native import native_tasks  # noqa: PLC0415 - loads the native module
    from bierl_fast.evaluation.policy.vector import native_function_entries  # noqa: PLC0415 - likewise

    known, functions = native_tasks(), native_function_entries()
    if as_json:
        print_json([*known, *functions])
        return
    for task in known:
        if task["native"]:
            click.echo(task["id"])
    click.echo("All of these are native. Any other Gymnasium id works too, in worker processes: CartPole-v1, for one.")
    for task in known:
        if task["why_not"] is not None:
            click.echo(f"{task['id']} is not native here: {task['why_not']}")
    names = ", ".join(function["id"] for function in functions)
    click.echo(f"Functions, with --dim N: {names}, or a Python function as module:function.")


@click.command()
@json_option
@debug_option
def info(as_json: bool) -> None:
    """Show versions, compiler, the instruction set in use, and cores."""
    facts: dict[str, Any] = {
        "versions": machine.versions(),
        "cpu": machine.cpu_name(),
        "cores": machine.available_cores(),
        "compiler": None,
        "instruction_set": None,
        **machine.build_info(),
    }
    if as_json:
        print_json(facts)
        return
    for name, value in {**facts.pop("versions"), **facts}.items():
        click.echo(f"{name:16} {'-' if value is None else value}")


@click.command()
@click.argument("name", required=False, type=PresetType())
@json_option
@debug_option
def presets(name: str | None, as_json: bool) -> None:
    """List the presets that `bierl train --preset NAME` takes; with NAME, show that one's settings.

    What is shown is a file that `bierl train --config FILE` takes too.
    """
    from bierl_fast.config import layers, toml  # noqa: PLC0415 - Config loads the native module

    if name is not None:
        settings = toml.read_preset(name)
        if as_json:
            print_json(settings)
        else:
            click.echo(toml.presets()[name].read_text(encoding="utf-8"), nl=False)
        return
    known = [{"name": name, "description": text} for name, text in layers.presets().items()]
    if as_json:
        print_json(known)
        return
    for preset in known:
        click.echo(f"{preset['name']:24} {preset['description']}")
    if not known:
        click.echo("no presets yet")
