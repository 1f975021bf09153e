"""The border to the native module: typed, and with a sentence where something is missing."""

from __future__ import annotations

import importlib.util
import re
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NoReturn

import pytest
from mypy import api

import bierl_fast as bf
from bierl_fast import _library

ROOT = Path(__file__).parents[1]
PROGRAM = """\
import numpy as np
from bierl_fast import NoiseKey, kernels
from bierl_fast._native import core
core.reset_seed(NoiseKey(0, 0), 1)
core.reset_seed(0, 1)
core.FitnessBuffer("2", 3, 1)
core.Normalizer.from_moments(1.0, [0.0], np.ones(1))
core.no_such_name
kernels.FitnessBuffer(2, 3, "1")
a: str = core.is_native("Hopper-v5")
"""


@pytest.mark.slow  # mypy reads the whole package
def test_a_wrong_argument_to_a_native_call_is_a_type_error(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    cache = str(ROOT / ".mypy_cache")
    found, trouble, _ = api.run(["--strict", "--cache-dir", cache, "--no-error-summary", str(program)])
    assert not trouble
    errors = re.findall(r"(?m)^.*program\.py:(\d+): error: .*\[([\w-]+)\]$", found)
    assert errors == [
        ("5", "arg-type"),
        ("6", "arg-type"),
        ("7", "arg-type"),
        ("8", "attr-defined"),
        ("9", "arg-type"),
        ("10", "assignment"),
    ]


def test_another_mujoco_is_named_with_the_line_that_repairs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_library, "version", lambda _: "3.16.0")
    with pytest.raises(bf.InstallationError, match=r"found 3\.16\.0; repair it with: pip install mujoco==3\.17\.0"):
        _library.prepare()


def test_a_missing_mujoco_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> NoReturn:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(_library, "version", absent)
    with pytest.raises(ImportError, match=r"needs MuJoCo 3\.17\.0, and it is not installed; .*pip install"):
        _library.prepare()


def test_a_tree_that_was_never_built_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "bierl_fast._core" else found(name))
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "absent"), str(tmp_path / "site")])
    monkeypatch.setattr(_library, "_preload_mujoco", lambda: None)
    monkeypatch.chdir(tmp_path)
    sources, installed = tmp_path / "bierl_fast", tmp_path / "site" / "bierl_fast"
    for folder in (sources, installed):
        folder.mkdir(parents=True)
        (folder / "_core.pyi").touch()  # types alone
    with pytest.raises(bf.InstallationError, match=r"has no compiled module: .*pip install"):
        _library.prepare()
    (installed / f"_core{EXTENSION_SUFFIXES[0]}").touch()
    with pytest.raises(bf.InstallationError, match=rf"installed in {installed}; start Python from another folder, or"):
        _library.prepare()
