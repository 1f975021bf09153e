"""What commands have in common: the options they share, and how values are typed.

"none" stands for a setting left open. Nothing here loads what a run needs: `bierl --help` is to be quick.
"""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from bierl_fast.cli.output import tell_nothing
from bierl_fast.errors import shown
from bierl_fast.values import read, read_list

debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Import the code that a run's files name, a task or policy by its import path, though it is not as you "
    "trained it here.",
)


def _quiet(_: click.Context, __: click.Parameter, quiet: bool) -> bool:
    if quiet:
        tell_nothing()
    return quiet


quiet_option = click.option("--quiet", is_flag=True, callback=_quiet, help="Print nothing but errors.")

verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show more of how the run goes.")

OTHER_NAMES = {  # of options that are no settings; those of settings stand beside them, `also`
    "run_dir": ("out", "output", "output_dir", "out_dir", "log_dir", "logdir", "save_dir", "exp_dir", "dir", "name"),
    "config": ("config_file", "cfg", "conf", "settings", "yaml", "toml"),
    "preset": ("recipe", "template", "defaults"),
    "quiet": ("silent", "no_progress", "progress"),
    "json": ("format", "output_format", "as_json"),
    "verbose": ("verbosity", "details"),
    "debug": ("traceback", "trace"),
    "help": ("usage", "options", "h"),
}
OF_COMMANDS = {  # what is no option of one command, and what another is for
    "watch": ("render", "render_mode", "enjoy", "play", "view", "visualize", "visualise", "window", "human"),
    "record": ("render", "render_mode", "video", "record_video", "save_video", "film", "gif", "mp4"),
    "plot": ("curve", "curves", "graph", "learning_curve"),
    "report": ("html", "summary"),
    "export": ("onnx", "torchscript", "to_onnx", "save_onnx"),
    "resume": ("continue", "restore", "load", "resume_from", "from_checkpoint", "load_checkpoint"),
    "evaluate": ("eval", "test", "eval_only", "evaluate_only"),
    "compare": ("seeds", "n_seeds", "num_seeds", "benchmark"),
    "sweep": ("tune", "optuna", "search", "hyperparameter_search", "hpo"),
    "pretrain": (),
    "diagnose": (),
}


class SettingType(click.ParamType[Any]):
    """One setting's value as typed: `64`, `1e6`, `3M`, `64,64`, `64x64`, and `none` where a setting may be left open.

    `literal` says that "none" is one of its values instead; `choices` is what a shell completes it by.
    """

    def __init__(self, kind: Any, literal: bool = False, choices: Sequence[str] = ()) -> None:
        self.choices = tuple(choices)
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
                return value if self.item is str else read(value, self.item)
            if value.strip().lower() in {"", "none", "linear"}:
                return ()
            return tuple(name.strip() for name in value.split(",")) if self.item is str else read_list(value, self.item)
        except (ValueError, OverflowError):
            what = {int: "whole number", float: "number"}[self.item]
            wanted = f"{what}s with commas between, such as 64,64" if self.is_list else f"a {what}, such as 1e6 or 3M"
            self.fail(f"{shown(value)} is not {wanted}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Its choices; of a list the one behind the last comma."""
        before, comma, last = incomplete.rpartition(",") if self.is_list else ("", "", incomplete)
        return [CompletionItem(f"{before}{comma}{name}") for name in self.choices if name.startswith(last)]


class PresetType(click.ParamType[str]):
    """The name of a preset."""

    name = "NAME"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those there are, with what they are for."""
        from bierl_fast.config.layers import presets  # noqa: PLC0415 - loads NumPy

        return [CompletionItem(name, help=text) for name, text in presets().items() if name.startswith(incomplete)]


class TaskType(click.ParamType[str]):
    """The id of a task."""

    name = "TASK"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Native ones and functions; where none of them begins so, Gymnasium's."""
        from bierl_fast.evaluation.native import native_tasks  # noqa: PLC0415 - loads the native module
        from bierl_fast.evaluation.policy.vector import native_function_entries  # noqa: PLC0415 - likewise

        known = [entry["id"] for entry in (*native_tasks(), *native_function_entries())]
        found = [name for name in known if name.startswith(incomplete)]
        if not found:
            import gymnasium  # noqa: PLC0415 - takes a third of a second

            found = sorted(name for name in gymnasium.registry if name.startswith(incomplete))
        return [CompletionItem(name) for name in found]


class PathType(click.Path):
    """A file or directory; an empty text names none, and is not taken for the working directory."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or click's usage error."""
        if isinstance(value, str) and (not value or "\0" in value):
            self.fail(f"{value!r} names no file and no directory", param, ctx)
        return super().convert(value, param, ctx)


WORD = re.compile(r"(?!(true|false|none|null|nan|inf)$)([a-z_/~]|\.\.?/)[\w./~:@-]*", re.IGNORECASE)


class KeywordType(click.ParamType[tuple[str, Any]]):
    """`name=value`, the value as in TOML: 1, 0.5, true, [0.2, 1.0], "text"; a word or a path needs no quotes."""

    name = "NAME=VALUE"

    wanted = "name=value, the value a word, a path, or as in TOML: 0.5, true, [0.2, 1.0] or '\"any text\"'"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """(name, value), or click's usage error."""
        if not isinstance(value, str):
            return typing.cast("tuple[str, Any]", value)
        name, equals, text = value.partition("=")
        try:
            if not (name and equals):
                raise ValueError
            item = self._value(text)
        except (ValueError, RecursionError):  # of many brackets
            self.fail(f"{shown(value)} is not {self.wanted}", param, ctx)
        return name, item

    def _value(self, text: str) -> Any:
        if WORD.fullmatch(text):
            return text
        (item,) = tomllib.loads(f"value = {text}").values()
        return item


class RangeType(KeywordType):
    """`name=low,high`: momentum=0.5,0.99."""

    name = "NAME=LOW,HIGH"
    wanted = "name=low,high, two numbers: momentum=0.5,0.99"

    def _value(self, text: str) -> tuple[float, float]:
        low, high = read_list(text, float)
        return low, high


class ScaleType(KeywordType):
    """`name=log` or `name=linear`."""

    name = "NAME=log|linear"
    wanted = "name=log or name=linear"


def print_json(value: Any) -> None:
    """`value` as strict JSON on standard output."""
    from bierl_fast.run.metrics import dumps  # noqa: PLC0415 - loads NumPy

    click.echo(dumps(value, indent=2))
