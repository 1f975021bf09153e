"""What holds for all tests, and their child processes: they can be interrupted, and mark what they trust elsewhere."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

# Worker processes import what tests define by its name, tests.FOLDER.MODULE. Last: the installed package comes first.
sys.path.append(str(Path(__file__).parents[1]))

# What a shell's background job or nohup ignores, children inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGUSR1):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

# Runs that name code are marked as this user's in a folder of theirs, which is not to fill up with tests'.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="bierl-tests-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`fast` is every test that is not `slow`, one with many cases by the first of them: no test is marked by hand."""
    seen = set()
    for item in items:
        name = item.nodeid.split("[")[0]
        if name not in seen and item.get_closest_marker("slow") is None:
            seen.add(name)
            item.add_marker("fast")
