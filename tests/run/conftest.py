from __future__ import annotations

import pytest
from run.fakes import Fakes

from bierl_fast.run import build


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """Runs are built out of fakes."""
    fakes = Fakes()
    monkeypatch.setattr(build, "make_parts", fakes.make_parts)
    monkeypatch.setattr(build, "evaluator_of", fakes.evaluator_of)
    monkeypatch.setattr(build, "read_policy", fakes.read_policy)
    return fakes
