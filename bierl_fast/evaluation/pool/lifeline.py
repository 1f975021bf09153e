"""What ties worker processes to their parent: they end with it, at once, whatever they are doing.

Lifeline in the parent -> its fileno inherited by keepers and workers -> tie

A pipe that nothing is ever written to. When its only writer is gone, the system itself sends a signal to those that are
tied to it: it needs no thread of theirs, so neither compiled code that holds the interpreter nor a loop inside a
simulator outlives a parent that crashed. (The signal of PR_SET_PDEATHSIG would reach the worker alone, not what its
environment started, and would come when the thread ends that made the evaluator.)
"""

from __future__ import annotations

import fcntl
import os

from bierl_fast.evaluation.pool.descriptors import beyond_standard, far


class Lifeline:
    """The parent's end, and the one that workers inherit."""

    def __init__(self) -> None:
        """A new pipe."""
        self.fileno, self._held = (beyond_standard(end) for end in os.pipe())

    def close(self) -> None:
        """Let go: every worker that is still tied is killed. Twice is fine."""
        for end in (self._held, self.fileno):
            if end >= 0:
                os.close(end)
        self._held = self.fileno = -1


def tie(fileno: int, number: int, whom: int) -> None:
    """Let the end of a pipe's last writer send a signal, to the process `whom` or the group -`whom`.

    `fileno`: of the pipe's other end. Where Linux's means are missing, nothing happens.
    """
    if not hasattr(fcntl, "F_SETSIG"):
        return
    try:  # opened anew, for what is shared by inheritance sends its signal to one of its owners alone
        end = far(os.open(f"/proc/self/fd/{fileno}", os.O_RDONLY | os.O_NONBLOCK))
    except OSError:  # no /proc
        return
    fcntl.fcntl(end, fcntl.F_SETSIG, number)
    fcntl.fcntl(end, fcntl.F_SETOWN, whom)
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
