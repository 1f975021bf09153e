"""Command line options, made from the settings: each is documented where it is declared, once.

settings       -> config_options -> click options
a command line -> given          -> {setting: value}, those that were typed
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bierl_fast.cli.grouped import SettingOption
from bierl_fast.cli.parameters import KeywordType, RangeType, ScaleType, SettingType
from bierl_fast.config.sections import NAMES, OLD_NAMES, TABLES, hints, settings_of
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


def own_options(*names: str, default: str = "the run's own") -> Callable[[F], F]:
    """Give a command an option for each of these settings that a saved run has; `default`: what holds without them."""

    def add(command: F) -> F:
        for name in reversed(names):
            command = _option(settings_of()[name], name, default=default)(command)
        return command

    return add


def given(context: click.Context) -> dict[str, Any]:
    """The settings that were typed, by their present names, without the defaults."""
    names = (settings_of().keys() | OLD_NAMES.keys()) - {"task"}
    typed = [name for name in names if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    values = {name: dict(value) if name in TABLES else value for name in typed for value in [context.params[name]]}
    return renamed(values, OLD_NAMES)


def _option(
    field: dataclasses.Field[Any], name: str, hidden: bool = False, default: str | None = None
) -> Callable[[F], F]:
    """The option of a setting, under its present or its old name; `default`: what its help says of it."""
    flag = "--" + name.replace("_", "-")
    kind, text = hints()[field.name], field.metadata["help"]
    if field.name in TABLES:  # given once for each name in it
        flag, entry = ENTRIES[field.name]
        return click.option(
            flag, name, cls=SettingOption, setting=field, type=entry(), multiple=True, help=text, hidden=hidden
        )
    choices = choices_of(field)
    if choices is not None:
        text += f" ({', '.join(choices)})"
    if default is None and field.default is not None:
        default = _written(field.default)
    text += "" if default is None else f" [default: {default}]"
    more: dict[str, Any] = {"cls": SettingOption, "setting": field, "help": text, "hidden": hidden, "default": None}
    if kind in {bool, bool | None}:
        return click.option(f"{flag}/--no-{flag[2:]}", name, **more)
    if field.metadata.get("repeated"):
        return click.option(flag, name, metavar="PATH", multiple=True, **more)
    literal = "none" in field.metadata.get("choices", ())
    return click.option(flag, name, type=SettingType(kind, literal, choices or ()), **more)


def choices_of(field: dataclasses.Field[Any]) -> tuple[str, ...] | None:
    """The names that a setting, or each entry of it, is one of; None where there is no such list."""
    rules = field.metadata
    found = rules.get("choices", rules.get("each", NAMES.get(field.name)))
    return None if found is None else tuple(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(str(item) for item in value) or "none" if isinstance(value, tuple) else str(value)


ENTRIES: dict[str, tuple[str, type[KeywordType]]] = {
    "task_kwargs": ("--task-kwarg", KeywordType),
    "ranges": ("--range", RangeType),
    "scales": ("--scale", ScaleType),
    "reference": ("--reference", KeywordType),
}
