"""What a command prints, and that it need not get out: a run goes on when nobody can read how it is doing.

    sys.stdout, sys.stderr -> streams -> the same, lost where they cannot be written; Streams.lost says why

Closed, full, a pipe that nobody reads any more (`| head -1`): whether that is a failure is the exit code's to say. For
a command whose answer is what it prints, it is; for one whose answer is in files, it is not.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import click

from bierl_fast.errors import PACKAGE
from bierl_fast.evaluation.pool.descriptors import open_standard

IN_FILES = ("train", "resume", "pretrain", "compare", "sweep")  # commands whose answer is in files,
INTO_A_FILE = "--out"  # as that of others is with this word,
PRINTED = {"--json", "--help", "-h", "--help-all", "--report"}  # and that of none with one of these


class _Losable:
    """A text stream that loses what it cannot write, from then on."""

    def __init__(self, stream: TextIO, lost: Exception | None = None) -> None:
        self._stream = stream
        self.lost = lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or lose it."""
        return self._do(lambda: self._stream.write(text)) or 0

    def writelines(self, lines: Sequence[str]) -> None:
        """Write, or lose them."""
        self._do(lambda: self._stream.writelines(lines))

    def flush(self) -> None:
        """Flush, or lose what has been written."""
        self._do(self._stream.flush)

    def isatty(self) -> bool:
        """Whether it is a terminal; one that is closed is none."""
        with suppress(OSError, ValueError):
            return self._stream.isatty()
        return False

    def _do(self, act: Any) -> Any:
        try:
            return act()
        except (OSError, ValueError) as error:  # ValueError: somebody has closed it
            self.lost = self.lost or error
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        """What is still in its buffer would fail again when the interpreter ends, and change the exit code."""
        with suppress(OSError, ValueError, AttributeError):
            number = self._stream.fileno()
            if number in (1, 2):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)


class Streams:
    """The standard streams of one command."""

    def __init__(self) -> None:
        self._out, self._err = sys.stdout, sys.stderr
        closed = OSError("it is closed")
        self.out = _Losable(self._out or _nowhere(), None if self._out else closed)
        self.err = _Losable(self._err or _nowhere(), None if self._err else closed)
        sys.stdout, sys.stderr = cast(TextIO, self.out), cast(TextIO, self.err)

    def restore(self) -> None:
        """Flush, and put back what was there."""
        self.out.flush()
        self.err.flush()
        sys.stdout, sys.stderr = self._out, self._err

    def exit_code(self, code: int, arguments: Sequence[str]) -> int:
        """The command's exit code, once what it printed did not get out where that was what it was for."""
        self.out.flush()
        command = next((word for word in arguments if not word.startswith("-")), "")
        words = {word.partition("=")[0] for word in arguments}
        in_files = (command in IN_FILES or INTO_A_FILE in words) and not PRINTED & words
        if self.out.lost is None or code != 0 or in_files:
            return code
        if not isinstance(self.out.lost, BrokenPipeError):  # `bierl tasks | head`: nobody listens any more
            click.echo(f"bierl: error: standard output cannot be written: {self.out.lost}", err=True)
        return 1


def number_text(value: float) -> str:
    """A result with two decimals; one of a size that has no use for them by its first digits."""
    return f"{value:.2f}" if value == 0.0 or 1e-6 <= abs(value) < 1e12 else f"{value:.6g}"


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


@contextmanager
def streams() -> Iterator[Streams]:
    """The command's standard streams, in place of those that may fail; and what the package tells as it goes."""
    open_standard()  # no file of a run's takes their numbers
    given = Streams()
    teller = _Teller()
    logger = logging.getLogger(PACKAGE)
    before = logger.level, logger.propagate
    logger.addHandler(teller)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # packages that a task brings in may have set up the root's handlers
    try:
        yield given
    finally:
        logger.removeHandler(teller)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        given.restore()


def tell_nothing() -> None:
    """For --quiet."""
    logging.getLogger(PACKAGE).setLevel(logging.WARNING)


class _Teller(logging.Handler):
    """Says on standard error what takes long before a run; how a run itself goes is its progress display's to say."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        if record.levelno >= logging.WARNING or not record.name.startswith(f"{PACKAGE}.run."):
            click.echo(f"bierl: {record.getMessage()}", err=True)
