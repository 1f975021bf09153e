"""What every test here has."""

from sweeping.specs import played_fixture

__all__ = ["played_fixture"]
