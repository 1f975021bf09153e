"""The comparisons in bench/compare hold together."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bierl_fast.comparison.plan import plan
from bierl_fast.comparison.spec import read
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run.config import Config

FOLDER = Path(__file__).parents[2] / "bench" / "compare"
COMING = {"bo", "pbt", "warm_start"}  # meta-levels and settings that the comparisons are written for ahead of them


def here(table: dict[str, Any]) -> bool:
    """Whether this version has what a meta-level's table asks for."""
    settings = {field.name for field in dataclasses.fields(Config)}
    missing = ({*table, table["meta"]} & COMING) - settings - set(META_LEVELS)
    return not missing


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_can_be_planned(path: Path) -> None:
    comparison = tomllib.loads(path.read_text(encoding="utf-8"))
    comparison["meta_levels"] = [table for table in comparison["meta_levels"] if here(table)]
    known = {table.get("name", table["meta"]) for table in comparison["meta_levels"]}
    for task in comparison["tasks"]:
        for names in (task.get("only", {}), task.get("except", {})):
            names |= {axis: [name for name in names[axis] if name in known] for axis in names if axis == "meta_levels"}
    assert plan(read(comparison))
