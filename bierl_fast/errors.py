"""What a run can refuse, by kind: the CLI turns the kind into an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ConfigError(ValueError):
    """A setting that cannot be: wrong type, out of range, unknown, or at odds with another. Exit code 2."""


class RunDirectoryError(RuntimeError):
    """A run directory that is missing or damaged or holds another run; its files are left alone (exit 1)."""


class CheckpointError(RunDirectoryError):
    """A checkpoint that is missing, truncated, of another format or another run; the file is left alone."""


class AllFailedError(ValueError):
    """No candidate of a generation has a return to learn from: the strategy left where the task can be run. Exit 1."""


class RunWarning(UserWarning):
    """Something a run's owner should hear once, though the run goes on."""


OURS = (ValueError, RuntimeError, OSError)  # their text is written for users


def one_line(error: BaseException, hint: str = "") -> str:
    """What an error says, with its notes, in one line; `hint` is added to one that is not written for users."""
    text = str(error) if isinstance(error, OURS) and str(error) else f"{type(error).__name__}: {error}{hint}"
    return " ".join("; ".join([text, *getattr(error, "__notes__", [])]).split())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError of the block names the file: a full disk's own text does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
