"""bench/breaking/kernels.py finds nothing in a few hundred calls, the same ones every time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.subprocesses import TIMEOUT, environment

SCRIPT = Path(__file__).parents[2] / "bench" / "breaking" / "kernels.py"


@pytest.mark.slow
def test_random_calls_are_answered_or_refused() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-P", str(SCRIPT), "--count", "400", "--seed", "11"],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        for _ in range(2)
    ]
    for done in found:
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("400 calls of ")
        assert done.stdout.endswith("\n0 faults\n")
