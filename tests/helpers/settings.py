"""Settings that go with any strategy and meta-level: of a common choice, those that the two take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bierl_fast.config.foreign import foreign


def taken(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` without those that their strategy and meta-level do not take."""
    others = foreign(settings.get("strategy", "es"), settings.get("meta", "lstm"))
    return {name: value for name, value in settings.items() if name not in others}
