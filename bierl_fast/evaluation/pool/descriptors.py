"""File descriptors that nobody stumbles over: not among the standard ones, and far from those an environment may close.

A process may be started with standard input, output or error closed, as daemons and cron do. What it opens first then
gets their numbers, is taken for them by everything that prints, and is not what its children inherit.
"""

from __future__ import annotations

import fcntl
import io
import os
import resource
import sys
from contextlib import suppress
from typing import Any

STANDARD = 3  # of them
FAR = 4096  # high enough for environments that close all they find up to some number, low enough to cost no memory


def beyond_standard(descriptor: int, least: int = STANDARD) -> int:
    """The same file under a number of at least `least`; where that is another, the old one is closed."""
    if descriptor >= least:
        return descriptor
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)
    finally:
        os.close(descriptor)
    return moved


def far(descriptor: int) -> int:
    """The same file under a number close to the highest that this process may have, and at most FAR."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FAR if soft == resource.RLIM_INFINITY else min(soft, FAR)
    with suppress(OSError):  # then where it was, which has to do
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(STANDARD, most - 64))
        os.close(descriptor)
        return moved
    os.set_inheritable(descriptor, False)
    return descriptor


def open_standard() -> None:
    """Let standard input, output and error lead nowhere where they are closed."""
    for descriptor in range(STANDARD):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
            os.set_inheritable(descriptor, True)


class _Forgiving(io.RawIOBase):
    """Standard error that takes everything, and loses what cannot be written: to a full disk, or when nobody reads."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2

    def isatty(self) -> bool:
        return os.isatty(2)

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        with suppress(OSError):
            while rest:
                rest = rest[os.write(2, rest) :]
        return size


def print_to_stderr() -> None:
    """What an environment prints, in Python or below, must not mix with what the parent prints as data."""
    os.dup2(2, 1)
    raw: Any = _Forgiving()  # not buffered: the process may end at any time
    stream = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)
    sys.stdout = sys.stderr = stream
