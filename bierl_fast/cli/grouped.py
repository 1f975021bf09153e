"""Help that one can read: the settings that most people need, and behind --help-all the others by their owner.

settings -> SettingOption -> GroupedCommand -> --help, --help-all
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from bierl_fast.config.sections import SECTIONS
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.strategy.table import STRATEGIES

ALL = "bierl_fast.help_all"  # in a context's meta: whether everything is to be shown


class SettingOption(click.Option):
    """The option of a setting."""

    def __init__(self, *args: Any, setting: dataclasses.Field[Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self.setting = setting

    @property
    def common(self) -> bool:
        """Whether most people need it."""
        return bool(self.setting.metadata.get("common"))


def _show_all(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        context.meta[ALL] = True
        click.echo(context.get_help())
        context.exit()


class GroupedCommand(click.Command):
    """A command with many settings."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        everything = click.Option(
            ["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=_show_all,
            help="Show every setting, by what it belongs to, and exit.",
        )  # fmt: skip
        self.params.append(everything)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its settings first, by owner where all are shown; then its other options."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        settings = [each for each in options if isinstance(each, SettingOption) and not each.hidden]
        if ctx.meta.get(ALL):
            for title, names in _owners().items():
                _write(ctx, formatter, title, [each for each in settings if each.setting.name in names])
        else:
            _write(ctx, formatter, "Settings that most people need", [each for each in settings if each.common])
        _write(ctx, formatter, "Options", [each for each in options if not isinstance(each, SettingOption)])
        if not ctx.meta.get(ALL):
            formatter.write_paragraph()
            left = sum(not each.common for each in settings)
            formatter.write_text(f"{left} more settings: {ctx.command_path} --help-all")


def _write(ctx: click.Context, formatter: click.HelpFormatter, title: str, options: Sequence[click.Option]) -> None:
    records = [found for each in options if (found := each.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def _owners() -> dict[str, set[str]]:
    """Heading -> the names of its settings, in the order of Config's sections."""
    found: dict[str, set[str]] = {}
    for section in SECTIONS:
        strategies = [name for name, entry in STRATEGIES.items() if section in entry.sections]
        meta_levels = [name for name, entry in META_LEVELS.items() if entry.section is section]
        title = section.title
        for kind, kinds, owners in (("strategy", "strategies", strategies), ("meta-level", "meta-levels", meta_levels)):
            if owners == [title]:
                title = f"{kind} {title}"
            elif owners:
                title = f"{title} ({kind if len(owners) == 1 else kinds} {', '.join(owners)})"
        found.setdefault(title[0].upper() + title[1:], set()).update(section.settings())
    return found
