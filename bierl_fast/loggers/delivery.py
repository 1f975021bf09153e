"""What lies between a run and a logger: a queue that never makes the run wait, and a thread that may.

numbers, films -> Delivery.put -> queue of LONGEST -> thread -> Logger          full: dropped, and counted
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bierl_fast.errors import counted
from bierl_fast.loggers.base import Logger, LogRun
from bierl_fast.logs import logger
from bierl_fast.machine import waited
from bierl_fast.reasons import named

log = logger(__name__)
LONGEST = 1000  # generations that wait for a slow server
LOOK_EVERY = 0.5  # seconds, at how much of the time at the end was the logger's own

Call = tuple[str, tuple[Any, ...]]  # a Logger's method, and what it gets


class Delivery:
    """Takes a run's numbers to one logger. Nothing here raises, and nothing but `close` waits."""

    def __init__(self, name: str, make: Callable[[], Callable[[LogRun], Logger]], run: LogRun) -> None:
        """`make` gives what makes the logger; it is called in the thread, since it may load much."""
        self.name = name
        self._make = make
        self._run = run
        self._waiting: deque[Call] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._failure: str | None = None
        self._told = False
        self._sent = self._dropped = 0
        self._thread = threading.Thread(target=self._work, name=f"bierl-{name}", daemon=True)
        self._thread.start()

    def put(self, method: str, *arguments: Any) -> None:
        """Have a method of the logger called, unless too much waits already."""
        with self._changed:
            if self._failure is not None:
                return
            if len(self._waiting) >= LONGEST:
                self._dropped += 1
                return
            self._waiting.append((method, arguments))
            self._changed.notify()

    def news(self) -> str | None:
        """What the run's owner should hear of it, once: that it failed."""
        with self._changed:
            if self._failure is None or self._told:
                return None
            self._told = True
            return f"the logger {self.name} gets nothing more, and the run goes on: {self._failure}"

    def close(self, seconds: float) -> str | None:
        """Let it take what waits, for at most so long; what the run's owner should hear, if anything.

        The seconds are its own: on a busy machine those in which its thread had no processor do not count.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        until = self._clock() + seconds
        while self._thread.is_alive() and (left := until - self._clock()) > 0:
            self._thread.join(min(left, LOOK_EVERY))
        if (news := self.news()) is not None or self._told:
            return news
        with self._changed:
            lost, late = self._dropped + len(self._waiting), self._thread.is_alive()
            total = self._sent + lost
        if lost:
            return f"the logger {self.name} was too slow: it did not get {lost} of {counted(total, 'row')}"
        return f"the logger {self.name} has not ended its work after {seconds:g} s" if late else None

    def _clock(self) -> float:
        return time.monotonic() - waited(self._thread.native_id)

    def _work(self) -> None:
        try:
            logger = self._make()(self._run)
            log.debug("%s takes the run's numbers", self.name)
            while (call := self._next()) is not None:
                getattr(logger, call[0])(*call[1])
                self._sent += 1
            logger.close()
        except BaseException as error:  # whatever a tool raises, SystemExit too
            with self._changed:
                self._failure = named(error)
                self._waiting.clear()

    def _next(self) -> Call | None:
        """What waits longest; None when all is taken and nothing more comes."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting else None
