"""A token that ends a run from outside: another thread, an event loop, a button."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import NoReturn, Self

from bierl_fast.errors import UnsupportedError
from bierl_fast.run.callbacks import Callback, Event, GenerationEvent, StartEvent


class Stop(Callback):
    """Ends the runs that it is given to, saved, within a generation of `set`. Any threads may call it.

    A context manager: a block that ends by an exception, such as asyncio.CancelledError, sets it.
    Example: `with bf.Stop() as stop: result = await asyncio.to_thread(bf.train, config, "runs/a", callbacks=[stop])`.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._reason = ""

    def __reduce__(self) -> NoReturn:
        raise UnsupportedError(
            "a Stop ends runs of its own process, where it is set, and a copy of it would end none: make one where "
            "the run is"
        )

    def set(self, reason: str = "asked to stop") -> None:
        """Have the runs end after their generation; from any thread. `reason` is in Result.stopped."""
        self._reason = reason
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it has been."""
        return self._event.is_set()

    def at_start(self, event: StartEvent) -> None:
        """A run that begins after `set` ends before, or after, its first generation."""
        self._look(event)

    def after_generation(self, event: GenerationEvent) -> None:
        """A run under way ends here."""
        self._look(event)

    def _look(self, event: Event) -> None:
        if self.is_set:
            event.stop(self._reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None and not self.is_set:
            self.set(f"asked to stop by {kind.__name__}")
