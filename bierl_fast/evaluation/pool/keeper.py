"""The process between the pool and a worker: what the worker's environment starts ends with it, and with the pool.

pool -> keeper -> worker -> what its environment starts

On Linux it adopts: a process whose parent is gone becomes the keeper's child, whatever group or session it has put
itself into. So the keeper ends its children until it has none. No stranger can be among those, nor take their numbers
before they are reaped here. Where Linux's means are missing, the worker's process group is all that it can reach.

It is small, as it is forked before anything is imported, and outlives what may happen in a worker.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from bierl_fast.evaluation.pool.descriptors import beyond_standard, open_standard
from bierl_fast.evaluation.pool.lifeline import tie

PR_SET_CHILD_SUBREAPER = 36
STOP = signal.SIGTERM  # what the pool sends to end the worker and all that it has started
WATCHED = (STOP, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
LOOK_SECONDS = 1.0  # between two looks at whether the parent is still there
END_SECONDS = 5.0  # that killed processes get to end: one may be in the system's hands


def keep(parent: int, lifeline: int, others: tuple[int, ...]) -> int:
    """Fork. Returns in the worker alone, what `lifeline.tie` takes to tie it to its keeper.

    `parent`: the pool's process; `lifeline`: what ties to it; `others`: descriptors that are the worker's alone.
    """
    open_standard()
    _adopt()
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)  # nothing is missed until there are handlers
    end, held = (beyond_standard(each) for each in os.pipe())
    worker = os.fork()
    if worker == 0:
        os.close(held)
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        return end
    code = 1
    try:
        for descriptor in (end, *others):
            os.close(descriptor)
        _let_go_of_standard()
        code = _Keeper(worker).watch(parent, lifeline)
    finally:
        _exit_as(code)


def _adopt() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _let_go_of_standard() -> None:
    """Whoever reads what the worker prints need not wait for its keeper."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _exit_as(code: int) -> NoReturn:
    """End as the worker did, so that its parent sees how."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the worker has left its own
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [-code])
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


class _Keeper:
    """One worker's keeper."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._code: int | None = None  # how the worker ended, as `subprocess` says it

    def watch(self, parent: int, lifeline: int) -> int:
        """Wait for the end of the worker, or of its parent, or for STOP; end what is left. How the worker ended."""
        woken, wake = (beyond_standard(each) for each in os.pipe())
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in WATCHED:
            signal.signal(number, lambda *_: None)
        tie(lifeline, STOP, os.getpid())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        self._reap()
        while self._code is None:
            came = os.read(woken, 512) if select.select([woken], [], [], LOOK_SECONDS)[0] else b""
            self._reap()
            if set(came) - {signal.SIGCHLD} or os.getppid() != parent:
                break
        return self._end_all()

    def _reap(self) -> bool:
        """Take note of children that have ended; whether any is left."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return False
            if ended is None:
                return True
            if ended.si_pid == self._worker:
                self._kill_group()
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid == self._worker:
                self._code = os.waitstatus_to_exitcode(status)

    def _kill_group(self) -> None:
        """Before the worker is reaped: until then nobody else's group can have its number."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._worker, signal.SIGKILL)

    def _end_all(self) -> int:
        if self._code is None:
            self._kill_group()
        deadline = time.monotonic() + END_SECONDS
        while self._reap() and time.monotonic() < deadline:
            for child in children_of(os.getpid()):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.001)
        return -signal.SIGKILL if self._code is None else self._code


def children_of(process: int) -> list[int]:
    """Of a process with one thread, its own first; none where the system does not tell."""
    try:
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()]
    except OSError:
        return [pid for pid in _numbers("/proc") if _parent_of(pid) == process]


def _numbers(folder: str) -> list[int]:
    try:
        return [int(name) for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return []


def _parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()[1])
    except OSError:
        return None
