"""Small comparisons: a quadratic of ten parameters, hundreds of evaluations, no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

BASE: dict[str, Any] = {"task": "quadratic", "dim": 10, "population": 16, "total_steps": 500, "meta": "none"}


def described(base: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A comparison with BASE, changed by `base`; `more` are keys of its top level."""
    return {"base": {**BASE, **(base or {})}, **more}


def written(path: Path, comparison: Mapping[str, Any]) -> Path:
    """The comparison as a file."""
    path.write_text(tomli_w.dumps(comparison), encoding="utf-8")
    return path
