from __future__ import annotations

from helpers.pool_evaluators import walk_fixture

__all__ = ["walk_fixture"]
