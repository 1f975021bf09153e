from __future__ import annotations

from evaluation.pool_evaluators import walk_fixture

__all__ = ["walk_fixture"]
