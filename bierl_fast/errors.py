"""Every error that the package raises on purpose, and its warnings: one base, and who raises which.

    except bf.BierlError        any of them
    except ValueError           works too: each has Python's own class as a base

Rules:
- A value that cannot be is an ArgumentError (a ValueError), of another type an ArgumentTypeError (a TypeError).
- A setting of a run that cannot be is a ConfigError, which the command line answers with exit code 2; whatever else a
  command fails with is exit code 1.
- What was asked for right and went wrong outside has a class of its own: run directories, archives, worker processes,
  episodes, the simulator.
- Not here is what Python asks for by its own name: the AttributeError of a missing attribute, KeyboardInterrupt, an
  OSError of the system, and the TypeError of a call that no signature takes.
"""

from __future__ import annotations

import errno
import os
import reprlib
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bierl_fast.reasons import named, notes_of, words

PACKAGE = __name__.partition(".")[0]


MOST_TEXT = 4000  # characters of an error


def _in_one_line(text: str) -> str:
    """`text` without line breaks, its middle left out where it is long: it may quote what a file or a user holds."""
    line = " ".join(text.split()) if len(text.splitlines()) > 1 else text
    half = MOST_TEXT // 2
    return line if len(line) <= MOST_TEXT else f"{line[:half]} ... {line[-half:]}"


def shown(value: object) -> str:
    """`value` as errors quote it: its repr, cut where it is long, deep or cannot be had."""
    return _QUOTING.repr(value)


def counted(number: int, what: str) -> str:
    """A number of things: "1 generation", "2 generations"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class _Quoting(reprlib.Repr):
    """Up to some dozens of elements, a few levels deep."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxother, self.maxstring, self.maxlong = 8, 400, 400, 400
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = self.maxfrozenset = 40

    def repr1(self, x: object, level: int) -> str:
        """As Repr.repr1; a value whose repr raises, as that of an integer of many digits does, by its type."""
        try:
            return super().repr1(x, level)
        except Exception:  # whatever a user's class raises
            return f"<{type(x).__name__}>"


_QUOTING = _Quoting()


class BierlError(Exception):
    """The base of every error that the package raises on purpose.

    Attributes:
        settings: names of the settings at fault, where the error is about settings and whoever raised it knows them.
    """

    settings: tuple[str, ...] = ()

    def __init__(self, text: str = "", settings: Iterable[str] = ()) -> None:
        super().__init__(_in_one_line(text))
        self.settings = tuple(settings)


class ArgumentError(BierlError, ValueError):
    """A value that cannot be: out of range, of a wrong shape, at odds with another.

    Raised by constructors, functions and kernels for what they are given, the compiled ones too.
    """


class ArgumentTypeError(BierlError, TypeError):
    """A value of another type, an array of another dtype included. Raised as ArgumentError is."""


class ConfigError(ArgumentError):
    """A setting that cannot be: wrong type, out of range, unknown, or at odds with another. Exit code 2.

    Raised by Config, files of settings, and train, resume, evaluate, compare, pretrain and diagnose before they begin.
    """


class UnknownNameError(ConfigError):
    """A name that stands in no table: of a strategy, task, setting, preset, choice. The nearest one is offered."""


class TaskError(ArgumentError):
    """A task that cannot be found, made or used. Raised where its evaluator is made."""


class InstallationError(BierlError, ImportError):
    """A part of the installation that is missing or of another version; the text has the line that repairs it.

    Raised where the compiled module, or an optional package, is first needed.
    """


class UnsupportedError(BierlError, NotImplementedError):
    """What this object cannot do by its nature, such as saving somebody else's optimizer, or actions of a function."""


class SimulationError(BierlError, RuntimeError):
    """The simulator refused: a model that does not load, another version of MuJoCo, an error while it steps.

    Raised by native evaluators and NativeEnv. An error inside an episode fails that episode alone.
    """


class WorkerError(BierlError, RuntimeError):
    """Worker processes that cannot start or be replaced, or an evaluator that is closed. Raised by pool evaluators."""


class EpisodeError(BierlError, RuntimeError):
    """Episodes failed, and the failure policy does not allow it; the text says which and why.

    Raised by a pool evaluator's `evaluate` and by what calls it, such as train.
    """


class AllFailedError(BierlError, ValueError):
    """No candidate of a generation has a return to learn from: the strategy left where the task can be run. Exit 1.

    Raised by train, resume and pretrain.
    """


class DivergedError(AllFailedError):
    """An update left parameters that are no finite numbers: a step too long for single precision. Exit 1.

    Raised by a strategy's `tell`, whose state stays as it was, and so by train, resume and pretrain.
    """


class AllEpisodesError(EpisodeError, AllFailedError):
    """Every episode of an inner batch failed in its worker process: there is nothing to learn from."""


class RunDirectoryError(BierlError, RuntimeError):
    """A run directory that is missing or damaged or holds another run; its files are left alone (exit 1).

    Raised by train, resume, evaluate and compare.
    """


class CheckpointError(RunDirectoryError):
    """A checkpoint that is missing, truncated, of another format or another run; the file is left alone."""


class ArchiveError(BierlError, RuntimeError):
    """A file of policies or generators that is missing, damaged, of another kind or another format.

    Raised by `load` of policies and warm starts.
    """


class TrustError(BierlError, RuntimeError):
    """A file that names code, and that is not as this user trained it here; the text says what would run. Exit code 1.

    Raised by resume, evaluate, compare, diagnose and `load` of policies, before anything is imported; `trust=True`
    (`--trust`) says that whoever wrote the file is trusted.
    """


class ComparisonError(BierlError, RuntimeError):
    """Runs of a comparison that ended without having saved themselves. Raised by compare."""


class SweepError(BierlError, RuntimeError):
    """A sweep whose storage cannot be used, or whose first trials all failed. Raised by sweep (exit code 1)."""


class RunWarning(UserWarning):
    """Something a run's owner should hear once, though the run goes on."""


class OldNameWarning(DeprecationWarning):
    """A setting was given by a name that it no longer has; it is still read."""


class EpisodeWarning(UserWarning):
    """Episodes failed or cannot be repeated; the evaluation went on."""


def warn(text: str, category: type[Warning]) -> None:
    """Warn of what the caller of this package did, however deep inside it that was noticed."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


OURS = (BierlError, ValueError, RuntimeError, OSError)  # their text is written for users


def one_line(error: BaseException, hint: str = "") -> str:
    """What an error says, with its notes, in one line; `hint` is added to one that is not written for users."""
    text = words(error) if isinstance(error, OURS) else ""
    return " ".join("; ".join([text or f"{named(error)}{hint}", *_advice(error), *notes_of(error)]).split())


_ON_A_FULL_DISK = "make room there, or take another place"
WHAT_TO_DO = {  # about a file that the system refuses, by errno
    errno.ENOSPC: _ON_A_FULL_DISK,
    errno.EDQUOT: _ON_A_FULL_DISK,
    errno.EIO: "its disk fails; take another one",
    errno.EROFS: "take a place that can be written to",
    errno.EACCES: "take another place, or have its owner allow it",
    errno.EPERM: "take another place, or have its owner allow it",
    errno.EISDIR: "name a file",
    errno.ENOTDIR: "a part of the path is a file; take another place",
    errno.ENAMETOOLONG: "take a shorter name",
}


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError of the block names the file that the block is about: a full disk's own text names none."""
    try:
        yield
    except OSError as error:
        if error.errno is None or getattr(error, "named", False):
            raise
        named = error
        if error.filename2 is None:
            error.filename = str(path)
        else:  # of a move, from a name that is none of the user's
            named = OSError(error.errno, error.strerror, str(path))
        named.named = True  # type: ignore[attr-defined]  # by whoever is nearest to the file
        if named is error:
            raise
        raise named from error


def _advice(error: BaseException) -> list[str]:
    """What to do about a file that the system refuses, where that is known."""
    if not isinstance(error, OSError) or error.errno is None:
        return []
    if error.errno == errno.ENOENT and not _working_directory():
        return ["the working directory is gone; change to one that is there"]
    return [WHAT_TO_DO[error.errno]] if error.errno in WHAT_TO_DO else []


def _working_directory() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False
