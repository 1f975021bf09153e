"""Random calls, a few: see bench/break_calls.py."""

from __future__ import annotations

import pytest
from helpers.subprocesses import TESTS, run

BENCH = TESTS.parent / "bench"


@pytest.mark.slow
def test_nothing_breaks() -> None:
    done = run(
        f"import sys; sys.path.insert(0, {str(BENCH)!r}); from breaking.calls import run; "
        "found = run(count=300, seed=7)['broken']; print(*found, sep='\\n'); sys.exit(len(found))"
    )
    assert done.returncode == 0, done.stdout + done.stderr
