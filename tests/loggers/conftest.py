from __future__ import annotations

from helpers.fakes import fakes_fixture

__all__ = ["fakes_fixture"]
