"""Every block of code of README and of docs/ is what it says.

python   runs as it stands, a page's blocks in order in one process
console  every `$ bierl ...` is parsed and its settings are checked; where a directory is named, it runs, cut short
toml     is a comparison, a task of one's own, or settings of a run
"""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from helpers.pages import PAGES, README, ROOT, Page

import bierl_fast as bf
from bierl_fast.cli import options
from bierl_fast.cli.main import cli, entry
from bierl_fast.comparison import plan, spec
from bierl_fast.config import toml
from bierl_fast.config.layers import layers_of
from bierl_fast.sweeping import fitting
from bierl_fast.sweeping import spec as sweeping

LANGUAGES = {
    "python",
    "console",
    "toml",
    "text",
    "yaml",
    "bash",
    "{toctree}",
    "{settings}",
    "{terms}",
    "{wrappers}",
    "xml",
    "{literalinclude}",
    "cpp",
    "cmake",
}
# The rest of the lines: what is typed besides `bierl`.
PROGRAMS = {
    "git",
    "python3",
    "python",
    "pip",
    "pytest",
    "sphinx-build",
    "cmake",
    "ctest",
    "pre-commit",
    ".ci/run",
    "source",
    "wandb",
}
HELP = {"--help", "--help-all"}
# What makes a command short enough to run here; the last of two equal options counts.
SHORT = {
    "train": "--generations 2",
    "resume": "--generations 3",
    "evaluate": "--episodes 2",
    "export": "",
    "plot": "",
    "report": "",
    "diagnose": "--proposals 2 --generations 1 --episodes 1",
    "tasks": "",
    "info": "",
    "presets": "",
    "completion": "",
    "runs": "",
    "show": "",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty working directory, of whose modules nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def with_files(page: Page) -> Page:
    """The page, its blocks that are files written into the working directory."""
    for block in page.blocks:
        if block.file is not None:
            Path(block.file).write_text(block.text)
    return page


def bierl(page: Page) -> list[list[str]]:
    """The arguments of its commands, comments left out."""
    words = (shlex.split(line, comments=True) for command in page.commands() for line in command.split("&&"))
    return [rest for first, *rest in words if first.rpartition("/")[2] == "bierl"]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_python(page: Page) -> None:
    with_files(page)
    names: dict[str, Any] = {}
    for block in page.blocks:
        if block.language == "python" and block.file is None:
            exec(compile(block.text, str(page), "exec"), names)


def context(arguments: list[str]) -> click.Context:
    """The command line, parsed as `bierl` parses it; click's errors say what is wrong."""
    name, *rest = arguments
    return command_called(name).make_context(name, rest)


def command_called(name: str) -> click.Command:
    """One of `bierl`'s commands."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None, f"there is no command {name}"
    return found


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_are_parsed(page: Page) -> None:
    with_files(page)
    for arguments in bierl(page):
        if HELP & set(arguments):
            continue
        parsed = context(arguments)
        given = parsed.params
        if parsed.command.name == "train":
            typed = options.given(parsed) | ({"task": given["task"]} if given["task"] else {})
            layers_of(typed, given["preset"], given["config_file"]).config().check_end()
        if parsed.command.name == "presets" and given["name"]:
            toml.read_preset(given["name"])
        if parsed.command.name == "compare" and (ROOT / given["spec"]).is_relative_to(ROOT / "bench"):
            spec.read(ROOT / given["spec"])


@pytest.mark.parametrize("page", [page for page in PAGES if bierl(page)], ids=str)
def test_quick_commands_run(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that ask, and those with a run directory of their own: what one leaves the next one takes."""
    with_files(page)
    for arguments in bierl(page):
        where = context(arguments).params.get("run_dir") if not HELP & set(arguments) else None
        short = SHORT.get(arguments[0])
        if short is None or (arguments[0] == "train" and where is None and not HELP & set(arguments)):
            continue
        code = entry([*arguments, *shlex.split("" if HELP & set(arguments) else short)])
        told = capsys.readouterr()
        assert code == 0, f"bierl {shlex.join(arguments)}: {told.err}"
        assert told.out


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_other_commands_name_what_is_there(page: Page) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for command in page.commands():
        for line in command.split("&&"):
            first, *rest = shlex.split(line, comments=True)
            program = first.removeprefix(".venv/bin/")
            if re.match(r"\w+=", program):  # a variable of the shell
                continue
            assert program in PROGRAMS | {"bierl", "cd", "."}, f"{page}: {line}"
            if program in {"python", "pytest"} and rest[0].endswith(".py"):
                assert (ROOT / rest[0]).is_file(), f"{page}: {line}"
            named = re.findall(r"\.\[([\w,]+)\]", " ".join(rest))
            assert set(",".join(named).split(",")) - {""} <= set(extras), f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_options_and_presets_that_prose_names_exist(page: Page) -> None:
    """Every option in running text is one of some command, or of what else the page's commands call."""
    known = {
        name
        for command in cli.list_commands(click.Context(cli))
        for each in command_called(command).params
        for name in (*each.opts, *each.secondary_opts)
    }
    known |= {word for line in page.commands() for word in line.split() if not line.startswith("bierl ")} | {"--help"}
    assert set(re.findall(r"`(--[a-z][\w-]+)", page.prose)) <= known
    presets = re.findall(r"--preset ([a-z0-9-]+)", page.prose)
    assert {name for name in presets if not name.endswith("-")} <= set(toml.presets())


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_blocks_are_of_known_languages(page: Page) -> None:
    assert {block.language for block in page.blocks} <= LANGUAGES
    assert page.text.count("```") == 2 * len(page.blocks), f"{page} has a fence that is not read"
    with_files(page)
    for block in page.blocks:
        if block.language == "yaml":
            assert importlib.import_module("yaml").safe_load(block.text)
        if block.language == "bash":
            assert subprocess.run(["bash", "-n"], input=block.text, text=True, check=False).returncode == 0
        if block.language == "toml":
            read = tomllib.loads(block.text)
            if "model" in read:
                bf.MujocoTask.load(str(block.file))
                continue
            if "space" in read:
                fitting.check(sweeping.read(read))
            elif "tasks" in read:
                plan.plan(spec.read(read))
            else:
                toml.compose({"task": "HalfCheetah-v5"}, read)


def test_there_is_much_to_check() -> None:
    """The tests above look at what they find; this is what they find."""
    assert len(bierl(README)) >= 5
    assert sum(len(bierl(page)) for page in PAGES) > 70
    assert sum(block.language == "python" for page in PAGES for block in page.blocks) > 15
