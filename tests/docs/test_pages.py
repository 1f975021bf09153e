"""What every page promises: a first sentence, a place in the contents, links that lead somewhere, nothing left out."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from gymnasium import spaces
from helpers.pages import PAGES, README, ROOT, Page, page

import bierl_fast as bf
from bierl_fast.config.sections import settings_of
from bierl_fast.evaluation.native import native_tasks
from bierl_fast.evaluation.policy.vector import native_functions
from bierl_fast.evaluation.table import BACKENDS
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.strategy.table import STRATEGIES, declared, options

DOCS = ROOT / "docs"
# The layout of the pages; a page more is fine.
NAMES = {
    "index", "quickstart", "tasks", "strategies", "meta_levels", "warm_start", "comparing", "diagnosing", "paper",
    "embedding", "profiling", "results", "architecture", "contributing", "changelog", "settings", "examples",
}  # fmt: skip


def module(path: Path) -> ModuleType:
    """A script of docs/, imported."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[path.stem] = importlib.util.module_from_spec(spec)  # where dataclasses look it up
    spec.loader.exec_module(made)
    return made


def test_all_pages_are_there_and_in_the_table_of_contents() -> None:
    there = {path.stem for path in DOCS.glob("*.md")}
    assert there >= NAMES
    trees = "".join(block.text for block in page("index").blocks if block.language == "{toctree}")
    assert set(re.findall(r"^(\w+)$", trees, flags=re.MULTILINE)) == there - {"index"}


def test_readme_is_a_front_door() -> None:
    assert len(README.text.splitlines()) <= 150
    assert len([link for link in README.links if link.startswith("docs/")]) > 10


@pytest.mark.parametrize("each", PAGES, ids=str)
def test_first_sentence(each: Page) -> None:
    title, first = each.text.split("\n\n")[:2]
    assert re.fullmatch(r"# .+", title)
    sentence = re.match(r"[A-Z][^|#!`]{20,}?[.:?](\s|$)", first)
    assert sentence, f"{each} must begin with a sentence that says what it is for, got {first[:80]!r}"


@pytest.mark.parametrize("each", PAGES, ids=str)
def test_links_lead_somewhere(each: Page) -> None:
    for link in each.links:
        if re.match(r"https://[\w.-]+\.\w+(/|$)", link):
            continue
        place, _, anchor = link.partition("#")
        target = (each.path.parent / place).resolve() if place else each.path
        assert target.exists(), f"{each} links to {link}"
        assert target.is_relative_to(ROOT), f"{each} links out of the repository: {link}"
        if anchor:
            assert anchor in Page(target).anchors, f"{each} links to {link}; there are {sorted(Page(target).anchors)}"


@pytest.mark.parametrize("each", PAGES, ids=str)
def test_files_that_are_named_exist(each: Page) -> None:
    named = re.findall(r"\b((?:bench|docs|tests|bierl_fast|csrc)/[\w/.-]+\.\w+)\b", each.text)
    missing = [name for name in named if not re.search("NAME|STUDY|TASK", name) and not (ROOT / name).exists()]
    assert not missing


def test_everything_in_the_tables_has_its_place() -> None:
    """A strategy, meta-level or native task that is added is described, too."""
    headings = re.findall(r"^## (.+)$", page("strategies").prose, flags=re.MULTILINE)
    assert set(STRATEGIES) <= {name for heading in headings for name in heading.split(", ")}
    headings = re.findall(r"^## (.+)$", page("meta_levels").prose, flags=re.MULTILINE)
    assert set(META_LEVELS) <= {name for heading in headings for name in heading.split(", ")}
    tasks = page("tasks").prose
    for task in native_tasks():
        env = bf.NativeEnv(task["id"])
        (observation,) = env.observation_space.shape
        space = env.action_space
        action = f"1 of {space.n}" if isinstance(space, spaces.Discrete) else str(space.shape[0])  # type: ignore[index]
        row = f"| `{task['id']}` | {observation} | {action} | {task['max_episode_steps']:,} |"
        assert row in tasks
    assert all(f"`{function}`" in tasks for function in native_functions())


def test_every_setting_is_on_the_page_of_settings() -> None:
    text = module(DOCS / "settings_page.py").markdown()
    names = list(settings_of())
    assert sorted(re.findall(r"^\| `(\w+)` \| [^|]+ \| ", text, flags=re.MULTILINE)) == sorted(names)
    assert "| `population` | `64` | candidates per generation, in antithetic pairs; at least 2 |" in text
    assert "| `nsra` | sigma 0.05, learning_rate 0.01," in text


def test_the_page_of_settings_says_who_takes_each() -> None:
    """As they themselves say; a setting that all take, or that belongs to the run, has no such words."""
    page = module(DOCS / "settings_page.py")
    told = {each.name: each.takers for section in page.sections().values() for each in section}
    for kind, table, takes in (
        ("strategy", STRATEGIES, strategy_takes),
        ("meta-level", META_LEVELS, lambda name, each: name in META_LEVELS[each].taken),
        ("evaluator", BACKENDS, evaluator_takes),
    ):
        for name, words in told.items():
            if f" {kind} " not in words:
                continue
            named = set(re.split(", ", words.split(f" {kind} ")[1].removeprefix("but ")))
            takers = {each for each in table if takes(name, each)}
            assert named == (set(table) - takers if words.startswith("of every") else takers), name
    assert told["meta_interval"].startswith("of every meta-level but none, ")
    assert told["retries"] == "of every evaluator but native"
    assert told["momentum"].startswith("of ")
    assert told["task"] == told["population"] == ""


def strategy_takes(name: str, strategy: str) -> bool:
    return name in options(strategy) or name in declared(strategy, 4)


def evaluator_takes(name: str, evaluator: str) -> bool:
    return any(name in section.settings() for section in BACKENDS[evaluator].sections)


def test_the_picture_is_of_the_committed_results() -> None:
    folder = DOCS / "images"
    drawn = module(folder / "draw_mis_set.py")
    for name in drawn.PICTURES:
        assert drawn.svg(name) == (folder / name).read_text()
