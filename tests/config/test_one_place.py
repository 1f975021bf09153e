"""A setting is declared in one place, beside what it belongs to: its name hardly stands anywhere else in the package.

source -> places -> [(line, what)]          each place where a name denotes the setting

A place is where the name stands as a whole word in the syntax tree: a field, parameter, keyword, attribute, variable,
or in a string. Comments and docstrings are prose and do not count; messages and help texts do. Two names are ordinary
words too (ORDINARY); of those only what can be told to be the setting counts:
- a field or parameter whose annotation has the setting's type, int; and in the function that has the parameter, the
  variable;
- a keyword argument;
- an attribute of `config` or of settings (OWNERS), or of `self` in the class that declares the field;
- a string that is the name and no more.
What that leaves out are other things of the same name: process ids, the centers a strategy has, and prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bierl_fast as bf
from bierl_fast.config.sections import settings_of

PACKAGE = Path(bf.__file__).parent
POOL = ("workers", "fresh_env", "flatten_observation", "on_failure", "retries", "episode_timeout", "close_timeout")
ESAC = (
    "winner_share",
    "mutation_clip",
    "replay_size",
    "sac_batch",
    "sac_updates",
    "sac_learning_rate",
    "sac_discount",
)
NOVELTY = ("centers", "neighbors", "archive_size", "patience", "novelty_delta")
META = (
    "schedule_horizon",
    "schedule_unit",
    "schedule_shape",
    "schedule_end",
    "bo_memory",
    "pbt_members",
    "encoder_size",
    "generator_hidden",
    "generator_output",
    "meta_fitness",
    "meta_objective",
    "meta_candidates",
    "meta_pairs",
    "meta_episodes",
    "meta_interval",
    "meta_budget",
    "meta_learning_rate",
    "meta_sigma",
    "meta_spread",
    "meta_max_move",
    "meta_settling",
)
MOST = {**dict.fromkeys(POOL, 12), **dict.fromkeys((*ESAC, *NOVELTY, *META), 6)}
ORDINARY = ("workers", "centers")
OWNERS = ("config", "settings", "options", "given", "saved")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Finder(ast.NodeVisitor):
    """Collects the lines on which one name denotes the setting."""

    def __init__(self, name: str) -> None:
        self.lines: list[int] = []
        self._name = name
        self._ordinary = name in ORDINARY
        self._word = re.compile(rf"\b{name}\b")
        self._variable = not self._ordinary  # whether a variable of that name is the setting's value here
        self._own = False  # whether the class here declares it

    def _found(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg, times: int = 1) -> None:
        self.lines += [node.lineno] * times

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class: does it declare the setting?"""
        before, self._own = self._own, any(self._declares(each) for each in node.body)
        self._visit_body(node)
        self._own = before

    def _declares(self, node: ast.stmt) -> bool:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            return False
        return node.target.id == self._name and (not self._ordinary or _is_int(node.annotation))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A field, or an annotated variable."""
        if self._ordinary and self._declares(node):
            self._found(node)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: Function) -> None:
        """A function: is the setting among its parameters?"""
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        taken = any(each.arg == self._name and (not self._ordinary or _is_int(each.annotation)) for each in arguments)
        before, self._variable = self._variable, self._variable or taken
        self._visit_body(node)
        self._variable = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Module(self, node: ast.Module) -> None:
        """A file."""
        self._visit_body(node)

    def _visit_body(self, node: ast.ClassDef | Function | ast.Module) -> None:
        """Everything but the docstring."""
        skipped = node.body[0] if ast.get_docstring(node) is not None else None
        for child in ast.iter_child_nodes(node):
            if child is not skipped:
                self.visit(child)

    def visit_arg(self, node: ast.arg) -> None:
        """A parameter."""
        if node.arg == self._name and (not self._ordinary or _is_int(node.annotation)):
            self._found(node)
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        """A keyword argument."""
        if node.arg == self._name:
            self._found(node)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """A variable, or a field that is declared."""
        if node.id == self._name and self._variable:
            self._found(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """An attribute."""
        if node.attr == self._name and (not self._ordinary or self._of_settings(node.value)):
            self._found(node)
        self.generic_visit(node)

    def _of_settings(self, value: ast.expr) -> bool:
        last = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
        return last.lstrip("_") in OWNERS or (last == "self" and self._own)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A string."""
        if not isinstance(node.value, str):
            return
        if self._ordinary:
            self._found(node, int(node.value == self._name))
        else:
            self._found(node, len(self._word.findall(node.value)))


def _is_int(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(
        isinstance(node, ast.Name) and node.id == "int" for node in ast.walk(annotation)
    )


def places(name: str, source: str) -> list[int]:
    """The line of every place in a file where `name` denotes the setting."""
    finder = Finder(name)
    finder.visit(ast.parse(source))
    return sorted(finder.lines)


def everywhere(name: str) -> Iterator[str]:
    """`file:line` of each place in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for line in places(name, path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(PACKAGE)}:{line}"


@pytest.mark.parametrize("name", MOST)
def test_a_setting_stands_in_few_places(name: str) -> None:
    found = list(everywhere(name))
    assert name in settings_of(), f"{name} is no setting any more; take it out of this test, or its new name in"
    assert len(found) <= MOST[name], (
        f"{name} stands in {len(found)} places, at most {MOST[name]} are wanted: {' '.join(found)}"
    )


@pytest.mark.parametrize("name", MOST)
def test_what_is_counted_is_a_setting(name: str) -> None:
    """A name that Config does not know raises UnknownNameError instead; one that it only reads still, a warning."""
    with pytest.raises(Exception, match=rf"^{name} must be") as caught:
        bf.Config(task="InvertedPendulum-v5", **{name: b"no setting is bytes"})
    assert "ConfigError" in [kind.__name__ for kind in type(caught.value).__mro__]


SOURCE = '''
"""A docstring says fresh_env."""
import fresh_env  # fresh_env

class Settings:
    """So does this: fresh_env."""
    fresh_env: str = "auto"
    workers: int | None = None

    def check(self) -> int:
        return self.workers or len(self.fresh_env)

class Pool:
    def __init__(self, settings, workers: list[str], fresh_env="auto"):
        self.workers = [each for each in workers]
        self.count = settings.workers

    def start(self, workers: int = 2) -> None:
        self.workers = make(workers, workers=workers)
        raise ValueError(f"{workers} workers: fresh_env or fresh_env_or_not, got {self.fresh_env!r}")

TABLE = ("workers", "many workers", "fresh_env")
'''


def test_places_of_a_name_of_its_own() -> None:
    # Field, attribute, parameter, message, attribute, table; neither prose, nor a module, nor part of another word.
    assert places("fresh_env", SOURCE) == [7, 11, 14, 20, 20, 22]


def test_places_of_an_ordinary_word() -> None:
    # Field, attribute of the class that has it and of settings, parameter, variable, keyword with it, in the message,
    # table; neither a list of that name, nor an attribute of another class, nor prose.
    assert places("workers", SOURCE) == [8, 11, 16, 18, 19, 19, 19, 20, 22]
