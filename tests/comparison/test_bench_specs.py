"""The comparisons in bench/compare hold together."""

from __future__ import annotations

from pathlib import Path

import pytest

from bierl_fast.comparison.plan import plan
from bierl_fast.comparison.spec import read

FOLDER = Path(__file__).parents[2] / "bench" / "compare"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_can_be_planned(path: Path) -> None:
    assert plan(read(path))
