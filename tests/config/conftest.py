from __future__ import annotations

from run.fakes import fakes_fixture

__all__ = ["fakes_fixture"]
