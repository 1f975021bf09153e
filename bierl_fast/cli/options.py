"""Command line options, made from Config's fields: a setting is documented there, once.

    Config's fields -> config_options -> click options
    a command line  -> given          -> {setting: value}, those that were typed

"none" stands for a setting left open.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bierl_fast.config.config import TABLES, Config, hints

F = TypeVar("F", bound=Callable[..., Any])


def config_options(command: F) -> F:
    """Give a command one option for each setting but the task."""
    return setting_options(*(field.name for field in dataclasses.fields(Config) if field.name != "task"))(command)


def setting_options(*names: str) -> Callable[[F], F]:
    """Give a command an option for each of these settings."""

    def add(command: F) -> F:
        for name in reversed(names):
            command = _option(Config.__dataclass_fields__[name])(command)
        return command

    return add


def given(context: click.Context) -> dict[str, Any]:
    """The settings that were typed, without the defaults."""
    names = {field.name for field in dataclasses.fields(Config)} - {"task"}
    typed = [name for name in names if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    return {name: dict(value) if name in TABLES else value for name in typed for value in [context.params[name]]}


def _option(field: dataclasses.Field[Any]) -> Callable[[F], F]:
    flag = "--" + field.name.replace("_", "-")
    kind = hints()[field.name]
    text = field.metadata["help"]
    if kind in {bool, bool | None}:
        default = "" if field.default is None else f" [default: {'on' if field.default else 'off'}]"
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, help=text + default)
    if field.name in TABLES:  # given once for each name in it
        flag, entry = ENTRIES[field.name]
        return click.option(flag, field.name, type=entry(), multiple=True, help=text)
    if "choices" in field.metadata:
        text += f" ({', '.join(field.metadata['choices'])})"
    if field.default is not None:
        text += f" [default: {_written(field.default)}]"
    literal = "none" in field.metadata.get("choices", ())
    return click.option(flag, field.name, type=SettingType(kind, literal), default=None, help=text)


def _written(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


class SettingType(click.ParamType[Any]):
    """One setting's value as typed: `64`, `1e6`, `64,64`, and `none` where a setting may be left open.

    `literal` says that "none" is one of its values instead.
    """

    def __init__(self, kind: Any, literal: bool = False) -> None:
        parts = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
        self.optional = types.NoneType in parts and not literal
        self.kind = next(part for part in parts if part is not types.NoneType)
        self.item = (typing.get_args(self.kind) or (self.kind,))[0]
        name = {int: "N", float: "X", str: "NAME"}[self.item]
        self.name = f"{name},..." if self.is_list else name

    @property
    def is_list(self) -> bool:
        """Whether the setting holds several values, typed with commas."""
        return typing.get_origin(self.kind) is tuple

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value, or click's usage error."""
        if not isinstance(value, str):
            return value
        if self.optional and value.lower() == "none":
            return None
        try:
            if not self.is_list:
                return self._one(value)
            empty = value.strip().lower() in ("", "none", "linear")
            return () if empty else tuple(self._one(item.strip()) for item in value.split(","))
        except ValueError:
            what = {int: "whole number", float: "number"}[self.item]
            wanted = f"{what}s with commas between" if self.is_list else f"a {what}"
            self.fail(f"{value!r} is not {wanted}", param, ctx)

    def _one(self, text: str) -> Any:
        if self.item is not int:
            return self.item(text)
        try:
            return int(text)
        except ValueError:
            if float(text).is_integer():  # 1e6
                return int(float(text))
            raise


class KeywordType(click.ParamType[tuple[str, Any]]):
    """`name=value`, the value as in TOML: 1, 0.5, true, [0.2, 1.0], "text"."""

    name = "NAME=VALUE"

    wanted = "name=value, the value as in TOML: 0.5, true, [0.2, 1.0] or '\"text\"'"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """(name, value), or click's usage error."""
        if not isinstance(value, str):
            return typing.cast("tuple[str, Any]", value)
        name, equals, text = value.partition("=")
        try:
            if not (name and equals):
                raise ValueError
            item = self._value(text)
        except ValueError:
            self.fail(f"{value!r} is not {self.wanted}", param, ctx)
        return name, item

    def _value(self, text: str) -> Any:
        (item,) = tomllib.loads(f"value = {text}").values()
        return item


class SwitchType(KeywordType):
    """`name=value`, where a word needs no quotes: ties=best, mirrored=false."""

    def _value(self, text: str) -> Any:
        return text if text.isidentifier() and text not in {"true", "false"} else super()._value(text)


class RangeType(KeywordType):
    """`name=low,high`: momentum=0.5,0.99."""

    name = "NAME=LOW,HIGH"
    wanted = "name=low,high, two numbers: momentum=0.5,0.99"

    def _value(self, text: str) -> tuple[float, float]:
        low, high = text.split(",")
        return float(low), float(high)


class ScaleType(SwitchType):
    """`name=log` or `name=linear`."""

    name = "NAME=log|linear"
    wanted = "name=log or name=linear"


ENTRIES: dict[str, tuple[str, type[KeywordType]]] = {
    "task_kwargs": ("--task-kwarg", KeywordType),
    "ranges": ("--range", RangeType),
    "scales": ("--scale", ScaleType),
    "reference": ("--reference", SwitchType),
}
