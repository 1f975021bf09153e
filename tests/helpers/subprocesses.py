"""Another Python with the very package that is being tested, whichever folder it was imported from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bierl_fast

TESTS = Path(__file__).parents[1]
TIMEOUT = 600  # seconds; only a hang takes so long, on a machine ten times slower and busy, too


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


@contextmanager
def running(arguments: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes, of a group of its own; however the block ends, nobody of that group is left, and no pipe.

    `options` are those of Popen.
    """
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), "text": True}
    with subprocess.Popen(arguments, **pipes | options, process_group=0) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(holds: Callable[[], Any], process: subprocess.Popen[str] | None = None, what: str = "") -> None:
    """Wait until something holds, while the process lives."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def until_at_work(pid: int, seconds: float = 0.3) -> None:
    """Wait until a process has computed for so many seconds more."""

    def computed() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = computed()
    until(lambda: computed() > before + seconds, what="it does not get to work")


def require_gone(pids: list[int], all_but: int = 0) -> None:
    """These processes end, all but so many of them."""
    alive: list[int] = []

    def gone() -> bool:
        alive[:] = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        return len(alive) <= all_but

    until(gone, what=f"still there: {alive}")
