"""Signals, as the command line answers them.

    SIGINT, SIGTERM, SIGHUP -> Ended -> what is under way saves itself -> exit code 130, 143, 129
    SIGUSR1                 -> saved, and it goes on

Ctrl-C, batch systems (Slurm, Kubernetes, systemd) and closed terminals end a command alike. A signal that was ignored
when the command started, as under nohup, stays ignored, and a handler that is somebody else's stays too.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from bierl_fast.run import interruption

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
SAVING = "SIGUSR1"


class Ended(KeyboardInterrupt):
    """A signal told this process to end.

    Attributes:
        exit_code: 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def exit_code(error: BaseException | None) -> int:
    """What an interrupted command exits with."""
    return error.exit_code if isinstance(error, Ended) else 128 + signal.SIGINT


@contextmanager
def handled() -> Iterator[None]:
    """Answer these signals while the block runs. In another thread than the main one, which Python tells: nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    ending = _Ending()
    handlers: dict[str, Callable[[int, FrameType | None], None]] = {**dict.fromkeys(ENDING, ending), SAVING: _save}
    for name, handler in handlers.items():
        number = getattr(signal, name, None)  # Windows has but a few
        if number is not None and signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler, leave}:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
        interruption.forget()


class _Ending:
    """Raises Ended. Those after the first are left out, so that saving is not ended too: but for a second Ctrl-C."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self._told and number != signal.SIGINT:
            return
        self._told = True
        error = Ended(number)
        interruption.end_soon(error)
        raise error


def _save(number: int, _: FrameType | None) -> None:
    text = "saved, and goes on" if interruption.save_all() else "nothing to save yet; it goes on"
    with suppress(OSError):  # not through sys.stderr, in the middle of whose writing this may come
        os.write(2, f"bierl: {text}\n".encode())


def leave(number: int, _: FrameType | None) -> None:
    """End at once, before anything has begun that needs an end of its own."""
    os._exit(128 + number)
