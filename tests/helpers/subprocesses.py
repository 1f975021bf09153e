"""Another Python with the very package that is being tested, whichever folder it was imported from."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import bierl_fast

TESTS = Path(__file__).parents[1]
TIMEOUT = 120  # seconds; only a hang takes so long


def command(code: str) -> list[str]:
    """-P: without the working directory, where the sources may lie without the native module."""
    return [sys.executable, "-P", "-c", code]


def environment(**changes: str) -> dict[str, str]:
    """This one's, with the package's folder and tests first among the imports."""
    package = Path(bierl_fast.__file__).parents[1]
    paths = [str(package), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **changes}


def run(code: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(code), env=environment(**changes), capture_output=True, text=True, check=False, timeout=TIMEOUT
    )


def require_gone(pids: list[int], seconds: float = 5.0, all_but: int = 0) -> None:
    """These processes end, all but so many of them, within so many seconds."""
    deadline = time.monotonic() + seconds
    while len(alive := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) > all_but:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.05)
