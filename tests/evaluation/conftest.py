from __future__ import annotations

from collections.abc import Iterator

import gymnasium
import pytest
from helpers.pool_evaluators import walk_fixture

__all__ = ["walk_fixture"]


@pytest.fixture
def registry() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(gymnasium.registry)
    yield
    gymnasium.registry.clear()
    gymnasium.registry.update(before)
