"""What reaches a run from outside while it is under way: save now, end soon.

    whoever handles signals -> save_all, end_soon -> Recorder, loop and other long work

A library installs no signal handler, so it takes part by being asked. What is noted here is the process's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

Save = Callable[[], bool]  # writes what there is to go on from; whether there is something

_savers: list[Save] = []
_ending: list[BaseException] = []  # at most one


class Writing:
    """While a block writes files, a save that is asked for comes after it: `with writing: ...`, `writing.save()`."""

    def __init__(self, save: Save) -> None:
        """`save` writes within such a block too."""
        self._save = save
        self._under_way = False
        self._asked = False

    def save(self) -> bool:
        """Save at once, or where this came in the middle of writing, after that; whether there is something."""
        self._asked = self._under_way
        return self._under_way or self._save()

    def __enter__(self) -> None:
        self._under_way = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._under_way = False
        if self._asked:
            self.save()


@contextmanager
def saving_when_asked(save: Save) -> Iterator[None]:
    """While the block runs, `save` is called by `save_all`: in the middle of anything, as a signal handler is."""
    _savers.append(save)
    try:
        yield
    finally:
        _savers.remove(save)


def save_all() -> bool:
    """Save whatever is under way, as it was when it last could go on from there; whether there was something."""
    return any([save() for save in list(_savers)])


def end_soon(error: BaseException) -> None:
    """Note an error that is being raised to end the work, lest it be lost on its way (in a destructor, a callback)."""
    _ending[:] = [error]


def end_if_told() -> None:
    """Raise what `end_soon` noted, once. Long work calls this now and then."""
    if _ending:
        raise _ending.pop()


def forget() -> None:
    """Nothing is noted any more: the work has ended."""
    _ending.clear()
