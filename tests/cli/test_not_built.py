"""What the command says where nothing is compiled, or MuJoCo is another version."""

from __future__ import annotations

import pytest
from helpers.subprocesses import run

# What `import bierl_fast._core` meets in a source tree that was never built.
CODE = """
import importlib.util, sys
plain = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "bierl_fast._core" else plain(name, *more)
from bierl_fast.cli.main import entry
sys.exit(entry({arguments}))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["info"]])
def test_help_version_and_info_need_no_compiled_module(arguments: list[str]) -> None:
    done = run(CODE.format(arguments=arguments))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize("arguments", [["tasks"], ["presets"], ["train", "Hopper-v5"], ["evaluate", "runs/none"]])
def test_the_others_say_in_one_line_what_is_missing(arguments: list[str]) -> None:
    done = run(CODE.format(arguments=arguments))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("bierl: error: bierl_fast was imported from ")
    assert "has no compiled module" in done.stderr
    assert done.stderr.count("\n") == 1
