"""One version, in the three files that name it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import bierl_fast

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    found = re.search(r"project\(\w+\s+VERSION\s+(\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert found is not None
    assert project == found[1] == bierl_fast.__version__
