"""Help that one can read: what most people need, the rest by owner, names listed."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from bierl_fast.cli.grouped import GroupedCommand
from bierl_fast.cli.main import CommandGroup, cli
from bierl_fast.config.sections import NAMES, SECTIONS, settings_of
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.strategy.table import STRATEGIES


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, terminal_width=100)
    assert done.exit_code == 0
    return done.output


def options(text: str) -> list[str]:
    return re.findall(r"^  (--[\w-]+)", text, flags=re.MULTILINE)


def headings(text: str) -> list[str]:
    return re.findall(r"^(\S.*):$", text, flags=re.MULTILINE)


def test_few_settings_are_shown_and_how_to_see_the_others() -> None:
    text = shown("train", "--help")
    common = {name for name, field in settings_of().items() if field.metadata.get("common")}
    found = set(options(text)) & {"--" + name.replace("_", "-") for name in settings_of()}
    assert found == {"--" + name.replace("_", "-") for name in common}
    assert 10 <= len(common) <= 14
    assert len(text.splitlines()) <= 60
    assert {"--run-dir", "--config", "--preset"} <= set(options(text))
    assert f"{len(settings_of()) - 1 - len(common)} more settings: " in text


def test_help_is_a_command_too() -> None:
    assert shown("help") == shown("--help")
    assert shown("help", "record") == shown("record", "--help")
    done = CliRunner().invoke(cli, ["help", "recrod"])
    assert done.exit_code == 2
    assert "did you mean 'record'" in done.output


def test_all_settings_stand_under_their_owner() -> None:
    text = shown("train", "--help-all")
    found = headings(text)
    assert {"Run", "Strategy", "Strategy cmaes", "Meta-level pbt", "Loggers"} <= set(found)
    assert {
        "Novelty search (strategies ns, nsr, nsra)",
        "Soft actor-critic (strategy esac)",
        "Two-point (meta-level tpa)",
        "Meta-level bo",
    } <= set(found)
    assert len(found) == len(set(found))
    assert len(set(options(text))) >= len(settings_of()) - 10  # tables and switches are written otherwise
    at = text.index("Worker processes:")
    assert at < text.index("--episode-timeout") < text.index("Ranges:")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names_are_listed(name: str) -> None:
    words = " ".join(shown("train", "--help-all").split())
    told = words.partition(f"--{name.replace('_', '-')} NAME ")[2]
    listed = told.partition(f"({NAMES[name][0]}")[2].partition(")")[0]
    assert (NAMES[name][0] + listed).split(", ") == list(NAMES[name])


def test_every_section_has_a_heading() -> None:
    text = shown("train", "--help-all").lower()
    assert all(section.title in text for section in SECTIONS)
    assert STRATEGIES
    assert META_LEVELS


@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_commands_with_many_settings_are_grouped(command: str) -> None:
    assert isinstance(cli, CommandGroup)
    assert "--help-all" in options(shown(command, "--help"))
    assert len(shown(command, "--help").splitlines()) < len(shown(command, "--help-all").splitlines()) / 2


def test_no_command_shows_many_options_without_groups() -> None:
    import click

    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        assert isinstance(command, GroupedCommand) or len(options(shown(name, "--help"))) < 30
