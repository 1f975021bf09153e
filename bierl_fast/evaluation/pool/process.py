"""A worker process seen from its parent: started, told, heard, ended.

A fresh interpreter, never a fork: threads of the parent do no harm. It does not run the parent's script, unless the
task's factory stands in that script; so a script needs `if __name__ == "__main__":` in that case alone.
"""

from __future__ import annotations

import multiprocessing.spawn
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from bierl_fast.errors import ArgumentError, WorkerError
from bierl_fast.evaluation.pool.messages import Batch, Job, PickledMessage, Start
from bierl_fast.evaluation.pool.shared_block import Place
from bierl_fast.import_path import files as modules

# One thread each: the pool is what uses the cores. Nothing is drawn on a screen.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_VIDEODRIVER": "dummy",
    "SDL_AUDIODRIVER": "dummy",
}
CODE = (
    "import sys; sys.path[:] = {path!r}; from bierl_fast.import_path import take_files; take_files({modules!r}); "
    "from bierl_fast.evaluation.pool.worker import main; main({socket}, {files!r}, {pid})"
)
PATIENCE = 2.0  # seconds that a worker gets to close its environment
POLL = 0.002  # seconds between two looks at whether it has ended


def packed(message: Start | Job, what: str) -> bytes:
    """A message that may hold objects of the user's, for a fresh process, with what that needs of the parent's script.

    Raises:
        ArgumentError: something in it cannot be pickled; `what` names it.
    """
    remedy = "write it at the top level of a module that can be imported (no lambda, no inner function or class)"
    if isinstance(message, Start):
        remedy += ", or register the environment with Gymnasium and give its id"
    try:
        payload = pickle.dumps(message)
    except Exception as error:  # pickle raises what the objects raise
        raise ArgumentError(
            f"{what} cannot be sent to a worker process ({type(error).__name__}: {error}); {remedy}"
        ) from error
    script: dict[str, Any] | None = None
    if b"__main__" in payload:
        data = multiprocessing.spawn.get_preparation_data("bierl worker")
        script = {name: value for name, value in data.items() if name.startswith("init_main")}
        if not script:
            raise ArgumentError(
                f"{what} needs something that is defined in an interactive session, which a worker process cannot see; "
                f"{remedy}"
            )
    return pickle.dumps(PickledMessage(script, payload))


def ending(code: int) -> str:
    """How a process ended, in words, by its return code as `subprocess` gives it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


class WorkerProcess:
    """One worker process, and the rows it has been given.

    What it is sent is small, and but a few messages ahead of what it answers: its socket holds that, so that whoever
    sends does not wait for a worker that is slow, or hangs.
    """

    def __init__(self, start: Place, files: tuple[int, ...]) -> None:
        """`files`: descriptors that it inherits, as `worker.main` takes them."""
        if not sys.executable:
            raise WorkerError("worker processes need a Python interpreter, and sys.executable names none")
        ours, theirs = socket.socketpair()
        with theirs:
            path = [place for place in sys.path if isinstance(place, str)]  # Python ignores others, paths too
            code = CODE.format(path=path, modules=modules(), socket=theirs.fileno(), files=files, pid=os.getpid())
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT},
                pass_fds=(theirs.fileno(), *files),
                # Out of the terminal's reach, as the parent alone decides on Ctrl-C; and what the environment starts is
                # in the group too, to be ended with it.
                process_group=0,
            )
        self.connection = Connection(ours.detach())
        self.rows: deque[int] = deque()  # given and not answered, the running one first
        self.since = 0.0  # when the running row began
        self.probing = False  # whether it is trying its environment out
        self.ready = False  # whether it has its environment
        self.has_policy = False  # whether it has its policy too: a row given now begins now
        self.used = False  # whether it has been given a row
        self.last_heard = time.monotonic()  # when it was last heard, at first when it was started
        self._batch: Batch | None = None  # the one it knows
        self.send(start)

    def send(self, message: Any) -> None:
        """Send any message; a worker that is gone is noticed when it is listened to."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(message)

    def assign(self, row: int, batch: Batch) -> None:
        """One more row to run, of that batch."""
        if batch is not self._batch:
            self._batch = batch
            self.send(batch)
        if not self.rows:
            self.since = time.monotonic()
        self.rows.append(row)
        self.used = True
        self.send(row)

    def answered(self) -> None:
        """The running row is done; the next begins."""
        self.rows.popleft()
        self.since = time.monotonic()

    def receive(self) -> list[Any]:
        """What has come in; EOFError when the process is gone."""
        messages = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except (EOFError, ConnectionResetError):
            if not messages:
                raise EOFError from None
        if messages:
            self.last_heard = time.monotonic()
        if not messages and self._gone() and not self.connection.poll():
            raise EOFError
        return messages

    def kill(self) -> str:
        """End it now, with all that it started; how it ended."""
        return self.end(time.monotonic())

    def died(self) -> str:
        """How a process that is gone ended."""
        return self.end(time.monotonic() + PATIENCE)

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        return self._gone() and self._process.wait() < 0

    def end(self, deadline: float) -> str:
        """How a process ended that is gone or was told to stop; it is killed after `deadline` (time.monotonic)."""
        while not self._gone():
            if time.monotonic() >= deadline:
                self._kill_group()
                break
            time.sleep(POLL)
        code = self._process.wait()
        self.connection.close()
        return ending(code)

    def _gone(self) -> bool:
        """Whether its process has ended. What it had started ends too, unless it went as it was told to."""
        if self._process.returncode is not None:
            return True
        with suppress(ChildProcessError):  # somebody else took note of its end
            # Asks without taking note: until then nobody else's group can have its number.
            end = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if end is None:
                return False
            if end.si_status != 0:
                self._kill_group()
        self._process.wait()
        return True

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid


def end_all(workers: list[WorkerProcess]) -> None:
    """End every worker: idle ones close their environments, busy ones are killed. The list is empty afterwards."""
    for worker in workers:
        if worker.rows or not worker.ready:
            worker.kill()
        else:
            worker.send(None)
    deadline = time.monotonic() + PATIENCE
    for worker in workers:
        worker.end(deadline)
    workers.clear()
