"""What frames are drawn with where there is no display."""

from __future__ import annotations

import os
import sys

import pytest

from bierl_fast.evaluation.environment import offscreen

NAMES = (offscreen.VARIABLE, *offscreen.DISPLAYS)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the test sets goes with it
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.parametrize(("libraries", "chosen"), [("EGL OSMesa", "egl"), ("OSMesa", "osmesa"), ("", None)])
def test_the_first_library_that_is_there(libraries: str, chosen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offscreen, "find_library", lambda name: f"lib{name}.so" if name in libraries.split() else None)
    offscreen.choose()
    assert os.environ.get(offscreen.VARIABLE) == chosen


@pytest.mark.parametrize("name", NAMES)
def test_what_is_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offscreen, "find_library", lambda name: "lib.so")
    monkeypatch.setenv(name, "mine")
    offscreen.choose()
    assert os.environ.get(offscreen.VARIABLE) == ("mine" if name == offscreen.VARIABLE else None)
