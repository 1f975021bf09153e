"""A module of the user's may raise anything when it is imported, and a function anything when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bierl_fast as bf

MODULES = {
    "exits": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "owns": ("class Own(BaseException): pass\nraise Own('mine')", "Own: mine"),
    "cancels": ("import asyncio\nraise asyncio.CancelledError('the bus left')", "CancelledError: the bus left"),
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name, (source, _) in MODULES.items():
        (tmp_path / f"{name}_when_imported.py").write_text(source, encoding="utf-8")


@pytest.mark.parametrize("name", sorted(MODULES))
@pytest.mark.parametrize("options", [{}, {"dim": 3}, {"task": "CartPole-v1", "behavior": True}, {"policy": True}])
def test_the_words_of_an_import(name: str, options: dict[str, Any]) -> None:
    path = f"{name}_when_imported:thing"
    given = {"task": path} | {key: path if value is True else value for key, value in options.items()}
    if "policy" in options:
        given["task"] = "CartPole-v1"
    with pytest.raises(bf.ArgumentError, match=MODULES[name][1]):
        bf.make_evaluator(**given)


def test_a_policy_that_cannot_be_made() -> None:
    def never() -> Any:
        raise GeneratorExit("no net")

    with pytest.raises(bf.ArgumentError, match="GeneratorExit: no net"):
        bf.make_evaluator("CartPole-v1", policy=never, workers=1)
