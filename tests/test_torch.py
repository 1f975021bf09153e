"""Without torch: what needs none trains, and what needs it says so in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from helpers.subprocesses import run

WITHOUT = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Nowhere())
sys.argv = ["bierl", *{words!r}]
from bierl_fast.cli.start import main
main()
"""


def bierl(*words: str) -> subprocess.CompletedProcess[str]:
    return run(WITHOUT.format(words=words))


def test_the_default_needs_none(tmp_path: Path) -> None:
    directory = str(tmp_path / "run")
    done = bierl("train", "rosenbrock", "--dim", "5", "--generations", "3", "--run-dir", directory)
    assert done.returncode == 0, done.stderr
    assert bierl("evaluate", directory).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ("rosenbrock", "--dim", "5", "--meta", "lstm"),
        ("rosenbrock", "--dim", "5", "--meta", "linear"),
        ("InvertedPendulum-v5", "--strategy", "esac", "--meta", "none"),
    ],
)
def test_what_needs_it_says_so(words: tuple[str, ...], tmp_path: Path) -> None:
    done = bierl("train", *words, "--generations", "3", "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].endswith("not installed; install it with: pip install torch")
    assert "Traceback" not in done.stderr
