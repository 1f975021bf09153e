"""Tables as text."""

from __future__ import annotations

from bierl_fast.columns import lines, padded

TABLE = [("name", "steps"), ("a", "1,000"), ("longer", "")]


def test_columns_stand_below_each_other() -> None:
    assert padded(TABLE, left=[0]) == [["name  ", "steps"], ["a     ", "1,000"], ["longer", "     "]]
    assert lines(TABLE) == ["  name  steps", "     a  1,000", "longer"]
    assert lines(TABLE, left=[0, 1], indent="> ") == ["> name    steps", "> a       1,000", "> longer"]


def test_of_nothing_comes_nothing() -> None:
    assert lines([]) == []
    assert padded([]) == []
