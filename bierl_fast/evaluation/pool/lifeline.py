"""What ties worker processes to their parent: they end with it, at once, whatever they are doing.

Lifeline in the parent -> its fileno inherited by the workers -> tie

A pipe that nothing is ever written to. When its only writer is gone, the system itself kills the groups of those that
read from it: it needs no thread of theirs, so neither compiled code that holds the interpreter nor a loop inside a
simulator outlives a parent that crashed. (The signal of PR_SET_PDEATHSIG would reach the worker alone, not what its
environment started, and would come when the thread ends that made the evaluator.)
"""

from __future__ import annotations

import fcntl
import os
import signal


class Lifeline:
    """The parent's end, and the one that workers inherit."""

    def __init__(self) -> None:
        """A new pipe."""
        self.fileno, self._held = os.pipe()

    def close(self) -> None:
        """Let go: every worker that is still tied is killed. Twice is fine."""
        for end in (self._held, self.fileno):
            if end >= 0:
                os.close(end)
        self._held = self.fileno = -1


def tie(fileno: int) -> None:
    """In a worker: let the end of its parent kill its process group. Where Linux's means are missing, nothing."""
    if not hasattr(fcntl, "F_SETSIG"):
        return
    try:  # opened anew, for what is shared by inheritance sends its signal to one group alone
        end = os.open(f"/proc/self/fd/{fileno}", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:  # no /proc
        return
    fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(end, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
