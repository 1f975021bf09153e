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

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bierl_fast.reasons import named, notes_of, words

PACKAGE = __name__.partition(".")[0]


class BierlError(Exception):
    """The base of every error that the package raises on purpose.

    Attributes:
        settings: names of the settings at fault, where the error is about settings and whoever raised it knows them.
    """

    settings: tuple[str, ...] = ()

    def __init__(self, text: str = "", settings: Iterable[str] = ()) -> None:
        super().__init__(text)
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

    Raised where the compiled module is first needed.
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
    return " ".join("; ".join([text or f"{named(error)}{hint}", *notes_of(error)]).split())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError of the block names the file: a full disk's own text does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
