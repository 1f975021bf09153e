"""Command line options, made from the settings: each is documented where it is declared, once.

settings       -> config_options -> click options
a command line -> given          -> {setting: value}, those that were typed
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bierl_fast.cli.parameters import KeywordType, RangeType, ScaleType, SettingType, SwitchType
from bierl_fast.config.sections import NAMES, OLD_NAMES, TABLES, hints, of_this_machine, settings_of
from bierl_fast.settings import renamed

F = TypeVar("F", bound=Callable[..., Any])


def config_options(command: F) -> F:
    """Give a command one option for each setting but the task."""
    return setting_options(*(name for name in settings_of() if name != "task"))(command)


def setting_options(*names: str) -> Callable[[F], F]:
    """Give a command an option for each of these settings."""

    def add(command: F) -> F:
        old = {now: before for before, now in OLD_NAMES.items()}
        for name in reversed(names):
            if name in old:  # still read; `given` says the new name
                command = _option(settings_of()[name], old[name], hidden=True)(command)
            command = _option(settings_of()[name], name)(command)
        return command

    return add


def machine_options(default: str) -> Callable[[F], F]:
    """Give a command the settings that say how much of this machine is used; `default`: what holds without them."""

    def add(command: F) -> F:
        for name in reversed(of_this_machine()):
            text = f"{settings_of()[name].metadata['help']} [default: {default}]"
            command = click.option("--" + name, type=SettingType(int), help=text)(command)
        return command

    return add


def given(context: click.Context) -> dict[str, Any]:
    """The settings that were typed, by their present names, without the defaults."""
    names = (settings_of().keys() | OLD_NAMES.keys()) - {"task"}
    typed = [name for name in names if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    values = {name: dict(value) if name in TABLES else value for name in typed for value in [context.params[name]]}
    return renamed(values, OLD_NAMES)


def _option(field: dataclasses.Field[Any], name: str, hidden: bool = False) -> Callable[[F], F]:
    flag = "--" + name.replace("_", "-")
    kind = hints()[field.name]
    text = field.metadata["help"]
    if kind in {bool, bool | None}:
        default = "" if field.default is None else f" [default: {'on' if field.default else 'off'}]"
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=text + default, hidden=hidden)
    if field.name in TABLES:  # given once for each name in it
        flag, entry = ENTRIES[field.name]
        return click.option(flag, field.name, type=entry(), multiple=True, help=text)
    choices = field.metadata.get("choices", NAMES.get(field.name))
    if choices is not None:
        text += f" ({', '.join(choices)})"
    if field.default is not None:
        text += f" [default: {_written(field.default)}]"
    literal = "none" in field.metadata.get("choices", ())
    return click.option(flag, name, type=SettingType(kind, literal), default=None, help=text, hidden=hidden)


def _written(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


ENTRIES: dict[str, tuple[str, type[KeywordType]]] = {
    "task_kwargs": ("--task-kwarg", KeywordType),
    "ranges": ("--range", RangeType),
    "scales": ("--scale", ScaleType),
    "reference": ("--reference", SwitchType),
}
