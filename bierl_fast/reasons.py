"""What code of the user's raised, in one line: whatever its class, and whether or not it can be printed.

exception -> reason -> "ZeroDivisionError: the walk fell over (step in /home/me/walk.py, line 12)"
"""

from __future__ import annotations

import traceback
from itertools import islice

MOST_CHARACTERS = 600  # of what an exception says; some say all they know
MOST_PARTS = 3  # of an exception group


def reason(error: BaseException) -> str:
    """Class, words, notes and place."""
    return f"{'; '.join([named(error), *(printable(note) for note in notes_of(error))])}{place(error)}"


def named(error: BaseException) -> str:
    """Class and words; the source line in place of the words where there are none, as of a bare assert."""
    parts = [words(error)]
    if isinstance(error, BaseExceptionGroup):
        parts += [reason(part) for part in islice(error.exceptions, MOST_PARTS)]
    said = printable("; ".join(part for part in parts if part)) or _raised_at(error)[1]
    return f"{class_of(error)}{': ' if said else ''}{said}"


def place(error: BaseException) -> str:
    """` (function in file, line n)`, where it was raised; nothing of one that never was."""
    return _raised_at(error)[0]


def words(error: BaseException) -> str:
    """What it says, as far as it can be had."""
    try:
        return str(error)
    except BaseException as failed:  # its __str__ is the user's too
        return f"(what it says cannot be had: its __str__ raises {class_of(failed)})"


def class_of(error: BaseException) -> str:
    """The name of its class, whatever its metaclass makes of that."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def notes_of(error: BaseException) -> list[str]:
    """What was added to it on its way, as far as it can be had."""
    try:
        return [note for note in getattr(error, "__notes__", None) or () if isinstance(note, str)]
    except BaseException:  # they are an attribute, and anybody's
        return []


def printable(text: str) -> str:
    """One line of it that any terminal shows: escaped what it would not, and cut to MOST_CHARACTERS."""
    text = visible(" ".join(text[: 2 * MOST_CHARACTERS].split()))
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."


def visible(text: str) -> str:
    """A line whose control characters are escaped, so that no terminal obeys them."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _raised_at(error: BaseException) -> tuple[str, str]:
    """Its place, and the source line there."""
    try:
        last = traceback.extract_tb(error.__traceback__, limit=-1)[0]
    except Exception:  # no traceback, or a source file that cannot be read
        return "", ""
    return f" ({last.name} in {last.filename}, line {last.lineno})", printable(last.line or "")
