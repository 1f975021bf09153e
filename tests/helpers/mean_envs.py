"""Environments that are as people write them on a bad day, in a module that worker processes can import."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Still(gymnasium.Env[Any, Any]):
    """Stands where its reset has put it; what is worse about it, its subclasses say."""

    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        super().reset(seed=seed)
        self._x = self.np_random.normal()
        return np.array([self._x, 1.0]), {}

    def step(self, action: Any) -> Any:
        return np.array([self._x, 1.0]), -abs(self._x), False, False, {}


class Unlucky(Still):
    """Its reset fails for most seeds."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        answer = super().reset(seed=seed)
        if self._x > -0.4:
            raise OverflowError("no room")
        return answer


class Port(Still):
    """Holds a port that only one of its kind can have: until it is closed, or (kept) until its process ends."""

    kept: list[socket.socket] = []  # noqa: RUF012 - shared on purpose

    def __init__(self, number: int, kept: bool = False) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", number))
        if kept:
            self.kept.append(self._socket)

    def close(self) -> None:
        if not self.kept:
            self._socket.close()


class Sticky(Still):
    """Its close never ends, or raises; and (keeps) its reset keeps something."""

    def __init__(self, raises: bool = False, keeps: bool = False, fails: bool = False) -> None:
        self._raises, self._keeps, self._fails = raises, keeps, fails
        self._kept = 0.0

    def step(self, action: Any) -> Any:
        if self._fails and self._x > 0.3:
            raise ValueError("fell over")
        self._kept += 0.5 if self._keeps else 0.0
        return np.array([self._x, self._kept]), -abs(self._x), False, False, {}

    def close(self) -> None:
        if self._raises:
            raise SystemExit("not closed")
        time.sleep(1000.0)


class Slow(Still):
    """Each step, or being made, takes its time. `marks`: a file that notes each time it is made."""

    def __init__(self, step: float = 0.0, make: float = 0.0, marks: str = "") -> None:
        self._pause = step
        time.sleep(make)
        if marks:
            with Path(marks).open("a", encoding="utf-8") as file:
                file.write(f"{os.getpid()}\n")

    def step(self, action: Any) -> Any:
        time.sleep(self._pause)
        return super().step(action)


class LastWords(Exception):  # noqa: N818 - the point
    """Cannot be printed or pickled."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def __str__(self) -> str:
        raise AttributeError("no words")


class OfItsOwn(BaseException):
    """An exception that is none."""


class Untold(type):
    """Classes whose names cannot be had."""

    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise LookupError("no name")


class Unnamed(Exception, metaclass=Untold):  # noqa: N818 - the point
    """Has words, and notes that are none."""

    __notes__ = 7  # type: ignore[assignment]


ERRORS = {
    "cancelled": lambda: asyncio.CancelledError("the bus left"),
    "generator": lambda: GeneratorExit("over"),
    "iteration": lambda: StopIteration(7),
    "exit": lambda: SystemExit(4),
    "interrupt": lambda: KeyboardInterrupt("from nobody"),
    "own": lambda: OfItsOwn("mine"),
    "unprintable": LastWords,
    "unnamed": lambda: Unnamed("who was it"),
    "group": lambda: BaseExceptionGroup("both", [ValueError("left"), OfItsOwn("right")]),
    "long": lambda: RuntimeError("a\nb\x1b[31m \udc80" + "c" * 10**6),
    "silent": AssertionError,
}


class Raises(Still):
    """Raises an error of that name at a place: make, reset, step, close."""

    def __init__(self, error: str, at: str = "step") -> None:
        self._error, self._at = error, at
        self._maybe("make")

    def _maybe(self, place: str) -> None:
        if place == self._at:
            error: Any = ERRORS[self._error]
            raise error()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        self._maybe("reset")
        return super().reset(seed=seed)

    def step(self, action: Any) -> Any:
        self._maybe("step")
        if self._at == "assert":
            assert action is None
        return super().step(action)

    def close(self) -> None:
        self._maybe("close")


class Dies(Still):
    """Its process is killed by a signal at its second step."""

    def __init__(self, number: int) -> None:
        self._number = number

    def step(self, action: Any) -> Any:
        with suppress(OSError):  # that of SIGKILL cannot be set
            signal.signal(self._number, signal.SIG_DFL)
        os.kill(os.getpid(), self._number)
        return super().step(action)


CHILD = (
    "import os, sys, time; {before}; open(sys.argv[1], 'a').write(str(os.getpid()) + '\\n'); "
    "os.write(int(sys.argv[2]), b'.'); os.close(int(sys.argv[2])); time.sleep(1000)"
)
BEFORE = {
    "child": "pass",
    "session": "os.setsid()",
    "daemon": "os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0)",
    "deaf": "import signal; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; os.setpgid(0, 0)",
}


class Forks(Still):
    """Forks at a place, and lets the child come back (or raise) as if it were nobody else."""

    def __init__(self, at: str, raises: bool = False) -> None:
        self._at, self._raises = at, raises
        self._maybe("make")

    def _maybe(self, place: str) -> None:
        if place == self._at and os.fork() == 0 and self._raises:
            raise SystemExit("the child")

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        self._maybe("reset")
        return super().reset(seed=seed)

    def step(self, action: Any) -> Any:
        self._maybe("step")
        return super().step(action)

    def close(self) -> None:
        self._maybe("close")


class Veiled(Still):
    """Has no inside."""

    @property
    def unwrapped(self) -> Any:
        raise OSError("nothing to see")


class Family(Still):
    """Starts processes of a kind, which write their numbers to a file, and never ends them."""

    def __init__(self, notes: str, family: str, hangs: bool = False) -> None:
        self._hangs = hangs
        written, writes = os.pipe()
        command = [sys.executable, "-S", "-c", CHILD.format(before=BEFORE[family]), notes, str(writes)]
        self._child = subprocess.Popen(command, env={}, stdin=subprocess.DEVNULL, pass_fds=[writes])
        os.close(writes)
        assert os.read(written, 1) == b"."  # its number is there
        os.close(written)

    def step(self, action: Any) -> Any:
        if self._hangs:
            time.sleep(1000.0)
        return super().step(action)


class Fumbles(Still):
    """Writes to descriptors that it found, or closes them."""

    def __init__(self, what: str) -> None:
        self._what = what

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        match self._what:
            case "standard":
                for descriptor in (0, 1, 2):
                    with suppress(OSError):  # another of its kind has been here
                        os.close(descriptor)
            case "low":
                os.closerange(0, 256)
            case "all":
                os.closerange(0, 2**20)
            case "writes":
                for descriptor in range(3):
                    with suppress(OSError):
                        os.write(descriptor, b"\x00junk\xff")
            case "scribbles":
                for descriptor in range(3, 128):  # what the process itself needs lies far from here
                    with suppress(OSError):
                        os.write(descriptor, b"\xff" * 4096)
            case "prints":
                print("a line", flush=True)
                sys.stderr.write("another\n")
                os.write(1, b"a third\n")
            case "closes_streams":
                sys.stdout.close()
                sys.stderr.close()
        self._what = "nothing" if self._what in {"standard", "low", "closes_streams"} else self._what
        return super().reset(seed=seed)


def make(kind: str, limit: int = 5, **kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.wrappers.TimeLimit(globals()[kind](**kwargs), limit)
