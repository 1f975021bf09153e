"""The robots of docs/examples/robots: task files for models of packages, which need not be here to be checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.pages import page

from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.files import read_toml

ROBOTS = sorted((Path(__file__).parents[2] / "docs" / "examples" / "robots").glob("*.toml"))


@pytest.mark.parametrize("path", ROBOTS, ids=lambda path: path.stem)
def test_its_terms_are_right(path: Path) -> None:
    core.check_task(MUJOCO_TASK, read_toml(path))


@pytest.mark.parametrize("path", ROBOTS, ids=lambda path: path.stem)
def test_it_says_what_is_wanted_and_the_page_what_came(path: Path) -> None:
    """The number stated beforehand stands in the file, and the median of the page's three seeds reaches it."""
    stated = float(re.search(r"stated beforehand: ([\d.]+)\.", path.read_text(encoding="utf-8"))[1])  # type: ignore[index]
    (row,) = [line for line in page("own_robot").text.splitlines() if line.startswith(f"| [{path.name}]")]
    *_, untrained, wanted, trained, _ = (cell.strip() for cell in row.split("|"))
    assert float(wanted) == stated >= 5 * float(untrained)
    reached = sorted(map(float, trained.split(", ")))
    assert len(reached) == 3
    assert reached[1] >= stated


def test_there_are_three() -> None:
    assert len(ROBOTS) == 3
