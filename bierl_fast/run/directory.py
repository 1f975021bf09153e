"""A run directory: which file is where, and who may write to it.

config.toml, manifest.json, metrics.jsonl, checkpoint.npz, policy.npz; best_policy.npz of a run with reporting
evaluations, policies/ of one with a policy_interval, warm_start.npz of one with a warm_start_task.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from bierl_fast import trust
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import RunDirectoryError, naming
from bierl_fast.files import clear_parts, locked, read_text, write_text
from bierl_fast.tasks.resolve import shown_name
from bierl_fast.trust import Trust


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The places of one run's files.

    warm_start.npz is there before the others, and stays when a run is stopped in its warm start: a directory that holds
    nothing else is free for another run.
    """

    path: Path

    @property
    def config(self) -> Path:
        """Every setting that the run takes; `bierl train --config` accepts it."""
        return self.path / "config.toml"

    @property
    def manifest(self) -> Path:
        """Versions, machine, command line."""
        return self.path / "manifest.json"

    @property
    def metrics(self) -> Path:
        """One line a generation."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Everything needed to continue."""
        return self.path / "checkpoint.npz"

    @property
    def policy(self) -> Path:
        """The policy alone, with its observation statistics."""
        return self.path / "policy.npz"

    @property
    def best_policy(self) -> Path:
        """The policy whose reporting evaluation had the highest mean return; as policy.npz."""
        return self.path / "best_policy.npz"

    def kept_policy(self, generations: int) -> Path:
        """The policy after so many generations, of those that stay (policy_interval); as policy.npz."""
        return self.path / "policies" / f"{generations:06d}.npz"

    @property
    def warm_start(self) -> Path:
        """The generator that the run learned on its warm_start_task; `--warm-start` accepts it."""
        return self.path / "warm_start.npz"

    @property
    def loggers(self) -> Path:
        """What the tools keep that show the run (`log`): a folder each."""
        return self.path / "loggers"

    def require_free(self) -> None:
        """Raise RunDirectoryError when there is a run here already, or no directory can be."""
        if self.path.exists() and not self.path.is_dir():
            raise RunDirectoryError(f"{self.path} is a file; a run needs a directory")
        if not self.in_vain and any(file.exists() for file in self._files):
            raise self._taken()

    @property
    def learned(self) -> bool:
        """Whether files of a run are here that say what it has learned, whole or in part."""
        lines = _size(self.metrics)
        # A run has its metrics.jsonl, empty, before its first policy.npz.
        return (
            bool(lines)
            or self.checkpoint.exists()
            or self.best_policy.exists()
            or (lines is None and self.policy.exists())
        )

    @property
    def in_vain(self) -> bool:
        """Whether this is all that a run left that was killed before its first checkpoint; another may begin here.

        A config.toml alone is none of that: a person may have put it here.
        """
        return not self.learned and (self.manifest.exists() or _size(self.config) == 0)

    @property
    def _files(self) -> tuple[Path, ...]:
        return (self.config, self.manifest, self.metrics, self.checkpoint, self.policy, self.best_policy)

    def _taken(self) -> RunDirectoryError:
        if self.learned and not self.checkpoint.exists():
            return RunDirectoryError(
                f"{self.path} holds files of a run whose checkpoint.npz is gone, so nothing can go on with it; take "
                "another directory, or take them away"
            )
        return RunDirectoryError(
            f"{self.path} already holds a run; go on with it by `bierl resume {shlex.quote(str(self.path))}`, or take "
            "another directory"
        )

    def require_run(self) -> None:
        """Raise RunDirectoryError when there is no run here."""
        if self.path.exists() and not self.path.is_dir():
            raise RunDirectoryError(f"{self.path} is a file; name the directory of a run, which has its config.toml")
        if not self.path.is_dir():
            raise RunDirectoryError(f"no run directory at {self.path}")
        if not self.learned and _size(self.config) == 0:
            raise RunDirectoryError(
                f"the run in {self.path} was stopped before it began; begin it again by "
                f"`bierl train TASK --run-dir {shlex.quote(str(self.path))}`, with its options"
            )
        if not self.config.is_file():
            raise RunDirectoryError(f"{self.path} holds no run: config.toml is missing")

    @contextmanager
    def taken(self, again: bool = False) -> Iterator[None]:
        """The directory, made if need be, without files of a run, held for one that begins.

        `again`: the run that is to begin is the one whose config.toml is here.

        Raises:
            RunDirectoryError: there is a run here, or one is beginning.
        """
        self._make()
        with self.held():
            if self.learned or not again:
                self.require_free()  # of several runs that start at once, one gets past this line
            self.clear(keep_config=again)
            yield

    def _make(self) -> None:
        with naming(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def before_the_run(self, again: bool = False) -> Iterator[None]:
        """The directory, made if need be, and held for a warm start; the run's own files come after the block.

        It goes again, with the folders around it that are new, if nothing is in it when the block raises. `again`: see
        taken.

        Raises:
            RunDirectoryError: there is a run here or the warm start of one, or another block holds the directory.
        """
        if not again:
            self.require_free()
        if self.warm_start.exists():
            raise RunDirectoryError(
                f"{self.path} holds the warm start of a run that never began; start from it by "
                f"`--warm-start {shlex.quote(str(self.warm_start))} --warm-start-task none`, remove it, or take "
                "another directory"
            )
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self._make()
        try:
            with self.held():
                yield
        except BaseException:
            with suppress(OSError):  # not empty: something was learned
                for folder in new:
                    folder.rmdir()
            raise

    @contextmanager
    def held(self, what: str = "the run") -> Iterator[None]:
        """The block is the only one, in any process of this machine, that writes to the run's files.

        A lock on the directory itself: it leaves no file and ends with its process, however that ends. `what` is what
        the error calls it.

        Raises:
            RunDirectoryError: another block holds the directory.
        """
        taken = f"{what} in {self.path} is under way in another process; wait until it has ended, or stop it"
        with locked(self.path, RunDirectoryError(taken)):
            for file in (*self._files, self.warm_start):
                clear_parts(file)
            yield

    def clear(self, keep_config: bool = False) -> None:
        """Take the run's files away: a run that could not begin leaves the directory free, or as it was."""
        for file in self._files:
            if not (keep_config and file == self.config):
                with suppress(OSError):  # the error that ended the run says more
                    file.unlink(missing_ok=True)

    def write_config(self, config: Config) -> None:
        """Save every setting, as this user's."""
        text = toml.dumps(config)
        trust.remember(self.config, text, config.named_code(), f"the run in {self.path}")
        write_text(self.config, text)

    def read_to_run(self, trusted: Trust, **given: Any) -> Config:
        """The run's settings, to be run once more, where the code that they name may be imported.

        Args:
            trusted: whether the user said so, or what is trusted already; else the file must be as this user's run
                wrote it.
            given: settings in place of the file's, whose code is then not asked about; None: the file's.

        Raises:
            RunDirectoryError: as read_config.
            TrustError: they name code, and are not trusted.
        """
        self.require_run()
        try:
            text = read_text(self.config)  # once: what is trusted is what is run
        except (OSError, ValueError):
            text = None  # reading it for the settings says what is wrong
        config = self.read_config(text)
        own = [one for one in config.named_code() if given.get(one.setting) is None]
        trust.require(self.config, text or "", own, trusted)
        return config.replace_given(**given)

    def read_config(self, text: str | None = None) -> Config:
        """The run's settings; out of `text`, where the file was read already.

        Raises:
            RunDirectoryError: there is no run here, or its config.toml is damaged.
        """
        self.require_run()
        try:
            return toml.read_saved(self.config, text)
        except ValueError as error:
            text = str(error)
            where = "" if str(self.config) in text else f"{self.config}: "
            raise RunDirectoryError(where + text) from error


def file_name(text: str) -> str:
    """`text` as a file name that every file system and shell takes: letters, digits, `.`, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)


@contextmanager
def default_directory(config: Config, root: Path = Path("runs")) -> Iterator[Path]:
    """A new directory of the block's own: runs/TASK-STRATEGY-META-sSEED-N, N the first free number from 1 on.

    It goes again, and `root` with it when it is new, if nothing is in it when the block raises.
    """
    task = file_name(shown_name(config.task_name, config.task_kwargs))
    stem = f"{task}-{config.strategy}-{config.meta}-s{config.seed}"
    new = [] if root.exists() else [root]
    with naming(root):
        root.mkdir(parents=True, exist_ok=True)
    path = next(path for number in count(1) if _made(path := root / f"{stem}-{number}"))
    try:
        yield path
    except BaseException:
        with suppress(OSError):  # not empty: the run began
            for folder in (path, *new):
                folder.rmdir()
        raise


def _size(file: Path) -> int | None:
    """Bytes; None where there is no file."""
    try:
        return file.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def _made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True
