"""What objects that hold state allow from several threads, in one place: every call is whole, and they take turns.

    class Strategy(TakesTurns, called="strategy"): ...      and its subclasses

Taking a turn that nobody has takes a quarter of a microsecond. What an object calls of its own, or has called back,
belongs to the same turn.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar, Self

from bierl_fast._native import core

SENTENCE = (
    "Any number of threads may call: they take turns, and a call of a signal handler's on what it interrupted, or in a "
    "forked child where another thread was in the middle of one, is an ArgumentError."
)
ALSO = {"__len__", "__getitem__"}  # methods that look at the state, beside those with plain names
MARK = "_takes_turns"


class TakesTurns:
    """A base of classes with state, whose methods and properties one thread at a time runs."""

    _turn_of: ClassVar[str] = "object"
    _turn: core.Turn

    def __init_subclass__(cls, called: str | None = None, **kwargs: Any) -> None:
        """`called`: what errors call one; None: as its base is called."""
        super().__init_subclass__(**kwargs)
        if called is not None:
            cls._turn_of = called
        cls.__doc__ = f"{(cls.__doc__ or '').rstrip()}\n\n    {SENTENCE}\n    ".lstrip()
        for name, member in list(vars(cls).items()):
            if name.startswith("_") and name not in ALSO:
                continue
            if inspect.isfunction(member):
                setattr(cls, name, _in_turn(member))
            elif isinstance(member, property) and member.fget is not None:
                setattr(cls, name, member.getter(_in_turn(member.fget)))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """With a turn of its own."""
        made = super().__new__(cls)
        made._turn = core.Turn(cls._turn_of)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """All but the turn: a copy has one of its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_turn"}


def _in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    if getattr(function, "__isabstractmethod__", False) or hasattr(function, MARK):
        return function

    @functools.wraps(function)
    def taking(self: TakesTurns, /, *args: Any, **kwargs: Any) -> Any:
        turn = self._turn
        if turn.mine and not _from_a_handler(self):
            return function(self, *args, **kwargs)
        with turn:
            return function(self, *args, **kwargs)

    setattr(taking, MARK, True)
    return taking


def _from_a_handler(owner: TakesTurns) -> bool:
    """Whether a signal handler runs between this call and the one of `owner`'s that this thread is in.

    A handler's frame is told by its second argument, which is the frame that it interrupted.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and not (frame.f_code is _TAKING and frame.f_locals.get("self") is owner):
        if frame.f_back is not None and any(_holds(value, frame.f_back) for value in frame.f_locals.values()):
            return True
        frame = frame.f_back
    return False


def _holds(value: Any, frame: Any) -> bool:
    return value is frame or (type(value) is tuple and any(each is frame for each in value))


_TAKING = next(each for each in _in_turn.__code__.co_consts if getattr(each, "co_name", "") == "taking")
