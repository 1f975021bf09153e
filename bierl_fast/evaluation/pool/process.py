"""A worker process seen from its parent: started, told, heard, ended.

A fresh interpreter, never a fork of the parent: threads of the parent do no harm. Two processes, the worker and its
keeper, which is the one that is started here (keeper.py). It does not run the parent's script, unless the
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

import cloudpickle

from bierl_fast.errors import ArgumentError, WorkerError
from bierl_fast.evaluation.pool.descriptors import beyond_standard
from bierl_fast.evaluation.pool.keeper import STOP, children_of
from bierl_fast.evaluation.pool.messages import (
    Batch,
    Closed,
    Closing,
    Doing,
    Job,
    PickledMessage,
    PolicyReady,
    Ready,
    Start,
)
from bierl_fast.evaluation.pool.shared_block import Place
from bierl_fast.evaluation.pool.worker import ROBBED
from bierl_fast.import_path import files as modules
from bierl_fast.reasons import reason

# One thread each: the pool is what uses the cores. Nothing is drawn on a screen.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
    "SDL_VIDEODRIVER": "dummy",
    "SDL_AUDIODRIVER": "dummy",
}
CODE = (
    "import sys; sys.path[:] = {path!r}; from bierl_fast.evaluation.pool.keeper import keep; "
    "end = keep({pid}, {files!r}[2], ({socket}, *{files!r}[:2])); "
    "from bierl_fast.import_path import take_files; take_files({modules!r}); "
    "from bierl_fast.evaluation.pool.worker import main; main({socket}, {files!r}, end)"
)
PATIENCE = 6.0  # seconds that a process which is gone, or was told to stop at once, gets until its keeper has ended all
SILENCE = 2.0  # seconds after which a process that can no longer be heard is not on its way to its end
FORK_SECONDS = 1.0  # until a keeper has its worker
POLL = 0.002  # seconds between two looks at whether it has ended


def packed(message: Start | Job, what: str) -> bytes:
    """A message that may hold objects of the user's, for a fresh process, with what that needs of the parent's script.

    Raises:
        ArgumentError: something in it cannot be pickled; `what` names it.
    """
    with suppress(Exception):  # pickle raises what the objects raise
        payload = pickle.dumps(message)
        script = _script() if b"__main__" in payload else {}
        if script is not None:
            return pickle.dumps(PickledMessage(script or None, payload))
    try:
        # What no name leads to, as lambdas and all of an interactive session, goes as its code.
        return pickle.dumps(PickledMessage(None, cloudpickle.dumps(message)))
    except Exception as error:
        raise ArgumentError(
            f"{what} cannot be sent to a worker process ({reason(error)}); write it at the top level of a module that "
            "can be imported"
            + (", or register the environment with Gymnasium and give its id" if isinstance(message, Start) else "")
        ) from error


def _script() -> dict[str, Any] | None:
    """What imports the parent's script in a worker; None where there is none, as in an interactive session."""
    data = multiprocessing.spawn.get_preparation_data("bierl worker")
    return {name: value for name, value in data.items() if name.startswith("init_main")} or None


def ending(code: int) -> str:
    """How a process ended, in words that follow its name, by its return code as `subprocess` gives it."""
    if code == ROBBED:
        return "ended because its environment closed file descriptors that it had not opened"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"was killed by signal {-code}"
    meaning = "out of memory?" if -code == signal.SIGKILL else (signal.strsignal(-code) or "").lower()
    return f"was killed by signal {-code}: {meaning} ({name})"


class WorkerProcess:
    """One worker process, and the rows it has been given.

    What it is sent is small, and but a few messages ahead of what it answers: its socket holds that, so that whoever
    sends does not wait for a worker that is slow, or hangs.
    """

    def __init__(self, start: Place, files: tuple[int, ...]) -> None:
        """`files`: descriptors that it inherits, as `worker.main` takes them."""
        if not sys.executable:
            raise WorkerError("worker processes need a Python interpreter, and sys.executable names none")
        ours, theirs = (beyond_standard(end.detach()) for end in socket.socketpair())
        self.connection = Connection(ours)
        path = [place for place in sys.path if isinstance(place, str)]  # Python ignores others, paths too
        code = CODE.format(path=path, modules=modules(), socket=theirs, files=files, pid=os.getpid())
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ENVIRONMENT},
                pass_fds=(theirs, *files),
                process_group=0,  # out of the terminal's reach, as the parent alone decides on Ctrl-C
            )
        finally:
            os.close(theirs)
        self.rows: deque[int] = deque()  # given and not answered, the running one first
        self.since = 0.0  # when the running row began
        self.doing = "starting"  # what it does while it starts, in words
        self.question: str | None = None  # of Findings, that it is trying out
        self.closing: float | None = None  # since when it is closing its environment
        self.ready = False  # whether it has its environment
        self.has_policy = False  # whether it has its policy too: a row given now begins now
        self.used = False  # whether it has been given a row
        self.last_heard = time.monotonic()  # when it was last heard, at first when it was started
        self._unheard = False  # whether its messages ended before it did
        self._worker: int | None = None  # its process id, once that was asked for
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
        """What has come in; EOFError when the process is gone, or says what is no message."""
        messages: list[Any] = []
        try:
            while self.connection.poll():
                messages.append(self.connection.recv())
        except Exception as error:  # an environment may have written to descriptors that it found
            if not messages:
                raise EOFError from error
        if messages:
            self.last_heard = time.monotonic()
        if not messages and self._gone() and not self.connection.poll():
            raise EOFError
        for message in messages:
            self._note(message)
        return messages

    def _note(self, message: Any) -> None:
        """What a worker says of itself."""
        match message:
            case Doing():
                self.doing, self.question = message.text, message.question
            case Closing():
                self.closing = time.monotonic()
            case Closed():
                self.closing, self.since = None, time.monotonic()  # if there is a row, it begins now
            case Ready():
                self.ready, self.question, self.doing = True, None, "waiting for its policy"
            case PolicyReady():
                self.has_policy = True

    def closes_too_long(self, seconds: float) -> bool:
        """Whether it has been closing its environment for longer than that."""
        return self.closing is not None and time.monotonic() - self.closing > seconds

    def kill(self) -> str:
        """End it now, with all that it started; how it ended."""
        return self.end(time.monotonic())

    def died(self) -> str:
        """How a process that is gone ended, or one that can no longer be understood."""
        if not self._gone_by(time.monotonic() + SILENCE):
            self._unheard = True
        how = self.end(time.monotonic())
        return "wrote to or closed file descriptors that were not its environment's" if self._unheard else how

    @property
    def killed(self) -> bool:
        """Whether a signal ended it."""
        return self._gone() and self._process.wait() < 0

    def end(self, deadline: float) -> str:
        """How a process ended that is gone or was told to stop; it is killed after `deadline` (time.monotonic)."""
        if not self._gone_by(deadline):
            self._signal(STOP)
            if not self._gone_by(time.monotonic() + PATIENCE):
                self._signal(signal.SIGKILL)  # the keeper itself, and by its end what is tied to it
        code = self._process.wait()
        self.connection.close()
        return ending(code)

    def _gone_by(self, deadline: float) -> bool:
        while not self._gone():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL)
        return True

    def _gone(self) -> bool:
        return self._process.poll() is not None

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """Its process id; its keeper's where the system does not tell."""
        deadline = time.monotonic() + FORK_SECONDS
        while self._worker is None and not self._gone() and time.monotonic() < deadline:
            self._worker = next(iter(children_of(self._process.pid)), None)
            time.sleep(0.0 if self._worker else POLL)
        return self._worker or self._process.pid


def end_all(workers: list[WorkerProcess], seconds: float) -> None:
    """End every worker: idle ones close their environments, which may take so long; busy ones are killed.

    The list is empty afterwards.
    """
    for worker in workers:
        if worker.rows or not worker.ready:
            worker.kill()
        else:
            worker.send(None)
    deadline = time.monotonic() + seconds
    for worker in workers:
        worker.end(deadline)
    workers.clear()
