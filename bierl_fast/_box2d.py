"""Finds the engine of the native Box2D tasks, and proves it before it is used.

    files_of(task) -> what a native task is read from       why_not(task) -> None, or one sentence

The engine is the compiled module of the package `box2d`, the one that Gymnasium's tasks run on. C++ calls it by layouts
of our own, so it is trusted only after a child process has played episodes on both sides and found the same bits
(`_box2d_check`). What was proved is remembered for these very files in the user's cache folder.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from bierl_fast._library import gymnasium_assets, package_folder
from bierl_fast._native import core
from bierl_fast.errors import InstallationError

CODE = "import sys; sys.path[:] = {path!r}; from bierl_fast._box2d_check import main; main({library!r})"
SECONDS = 120.0  # that the child process may take; it takes one or two
LINUX = sys.platform == "linux" and sys.maxsize > 2**32  # as csrc/bierl/box2d/assertions.cpp has it
MISSING = "Box2D is not installed; install it with: pip install 'bierl-fast[box2d]'"


def files_of(task: str) -> str:
    """What the native task of this id is made from: Gymnasium's folder of model files, or Box2D's compiled module.

    Raises:
        InstallationError: neither Gymnasium nor, for its tasks, a Box2D that can be called is there.
    """
    if not is_box2d(task):
        return gymnasium_assets()
    reason = why_not(task)
    if reason is not None:
        raise InstallationError(f"{task} cannot run natively here: {reason}")
    return str(_module())


def is_box2d(task: str) -> bool:
    """Whether this is the id of a native task that runs in Box2D."""
    return task in _ids()


def why_not(task: str) -> str | None:
    """Why a native task cannot run here, in one sentence; None: it can."""
    return _reason() if is_box2d(task) else None


def is_missing() -> bool:
    """Whether Box2D is not installed, so that its tasks run nowhere."""
    return _module() is None


@functools.cache
def _ids() -> frozenset[str]:
    return frozenset(row["id"] for row in core.task_table() if row["engine"] == "box2d")


def _module() -> Path | None:
    """The compiled module, found without importing the package."""
    folder = package_folder("Box2D")
    if folder is None:
        return None
    names = (f"_Box2D{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES)
    return next((folder / name for name in names if (folder / name).is_file()), None)


@functools.cache
def _reason() -> str | None:
    library = _module()
    if library is None:
        return MISSING
    if not LINUX:
        return "Box2D is called natively on 64-bit Linux alone"
    proved = f"box2d-{_fingerprint(library)}"
    # Where there is no such folder, nor a home to make it in, the next process proves it again.
    with suppress(OSError, RuntimeError):
        if (_cache() / proved).exists():
            return None
    reason = _disproof(library)
    if reason is None:
        with suppress(OSError, RuntimeError):
            _cache().mkdir(parents=True, exist_ok=True)
            (_cache() / proved).touch()
    return reason


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bierl_fast"


def _fingerprint(library: Path) -> str:
    """Of all that the proof is about: the engine, our module, and Gymnasium's tasks."""
    gymnasium = package_folder("gymnasium")
    tasks = sorted((gymnasium / "envs" / "box2d").glob("*.py")) if gymnasium is not None else []
    whole = hashlib.sha256()
    for path in (library, Path(core.__file__), *tasks):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _disproof(library: Path) -> str | None:
    """What a child process finds wrong with the engine; None: nothing."""
    if not sys.executable:
        return "there is no Python interpreter (sys.executable) to prove this build of Box2D in"
    try:
        code = CODE.format(path=[path or os.getcwd() for path in sys.path], library=str(library))
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"this build of Box2D could not be proved in a child process ({type(error).__name__}: {error})"
    if done.returncode == 0:
        return None
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()
    return f"this build of Box2D did not pass its self-check ({said[-1] if said else f'exit code {done.returncode}'})"
