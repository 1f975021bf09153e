"""What every process of a Crew has around its run: signals, the parent's hold on it, messages.

    job, run -> employed -> run(job, Post) -> exit code

Standard input is the parent's hold on this process: when it closes, because the parent wants the run to stop or is
gone, the run is interrupted as by Ctrl-C and saves itself. What comes in asks: "save" to save itself and go on, "stop"
to end after this generation, saved. A batch system that ends every process of a job ends this one so too. On standard
output go messages, one JSON object a line: {"env_steps": N} now and then, {"warning": TEXT}, and {"error": TEXT, "own":
whether it is in the package's own words} before exit code 1. What the run prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from bierl_fast.errors import BierlError, RunDirectoryError, RunWarning, WorkerError, one_line
from bierl_fast.run import interruption
from bierl_fast.run.stop import Stop

SECONDS = 0.2  # between messages of how far it is
INTERRUPTED = 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OF_THE_MACHINE = (RunDirectoryError, WorkerError)  # another time, the same run may get by without them

Say = Callable[[dict[str, Any]], None]


class Post:
    """The way to the parent, and what it asks for."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.stop = Stop()
        self._last = -SECONDS

    def observe(self, record: dict[str, Any]) -> None:
        """Tell the parent now and then how far a run is."""
        if time.monotonic() - self._last >= SECONDS:
            self._last = time.monotonic()
            self.say({"env_steps": record["env_steps"]})

    @contextmanager
    def warnings(self) -> Iterator[None]:
        """A RunWarning of the block goes to the parent too."""
        plainly = warnings.showwarning

        def warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, RunWarning):
                self.say({"warning": str(message)})
            plainly(message, category, *where, **more)

        with warnings.catch_warnings():
            warnings.showwarning = warn
            yield


def employed(job: dict[str, Any], run: Callable[[dict[str, Any], Post], None]) -> int:
    """Do a job; the exit code."""
    for number in ENDING:  # a parent in the background may have them ignored
        signal.signal(number, _interrupt)
    signal.signal(signal.SIGUSR1, lambda *_: interruption.save_all())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDING, signal.SIGUSR1})  # as a node of Ray blocks them
    post = Post(_messages())
    threading.Thread(target=_listen, args=(post.stop,), daemon=True).start()
    try:
        with post.warnings():
            run(job, post)
    except KeyboardInterrupt as error:
        if not getattr(error, "__notes__", []):
            return INTERRUPTED
        post.say({"error": one_line(RuntimeError("; ".join(["interrupted", *error.__notes__]))), "own": False})
        return 1
    except Exception as error:
        own = isinstance(error, BierlError) and not isinstance(error, OF_THE_MACHINE)
        post.say({"error": one_line(error), "own": own})
        return 1
    return 0


def _interrupt(*_: Any) -> None:
    """Once: a batch system tells this process, and then the parent does, in the middle of its saving itself."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _messages() -> Say:
    """A way to the parent; what else is written to standard output from now on goes to standard error."""
    channel = os.dup(1)
    os.dup2(2, 1)
    file = os.fdopen(channel, "w", encoding="utf-8")

    def say(message: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # the parent is gone: standard input says so too
            print(json.dumps(message), file=file, flush=True)

    return say


def _listen(stop: Stop) -> None:
    """Do what the parent asks, and end when it lets go."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    while asked := os.read(0, 4096):  # not through sys.stdin, whose lock a thread must not hold at the end
        if b"stop" in asked:
            stop.set("told to stop")
        if b"save" in asked:
            signal.pthread_kill(main_thread, signal.SIGUSR1)
    signal.pthread_kill(main_thread, signal.SIGINT)  # to that thread, which may be waiting in a system call
