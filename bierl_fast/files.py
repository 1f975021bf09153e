"""Files that readers find whole: written beside, flushed to the disk, moved into place; and who may write to them.

And files that come from anywhere: read up to a size, as text of a depth.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from bierl_fast.errors import ConfigError, naming

T = TypeVar("T")
MOST_TEXT = 1 << 22  # bytes of a file of settings
_NUMBERS = count()  # of this process's parts
DEEPEST = 64  # tables and lists within each other

PathLike = str | os.PathLike[str]  # a file or directory, as a user gives it


def as_path(value: PathLike, name: str) -> Path:
    """The path that a user gave as `name`; ConfigError when it names nothing, as an empty one does."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str):
        raise ConfigError(f"{name} must be a path, got {type(value).__name__}", [name])
    if not text or "\0" in text:
        raise ConfigError(f"{name} must name a file or directory, got {text!r}", [name])
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise ConfigError(f"{name} must be a path that this system can write, got {text!r}", [name]) from None
    return Path(text)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; it takes `path`'s place when the block ends, and vanishes when the block raises.

    What killed writers of `path` have left beside it goes. An OSError names `path`.
    """
    with naming(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if path.exists() and not path.is_file():  # a device or a pipe, whose place no file is to take
            with open(path, "wb", opener=_not_waiting) as file:
                yield file
            return
        clear_parts(path)
        descriptor, part = _new_part(path)
        with open(descriptor, "wb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(part, path)  # still open: nobody takes it for a dead writer's
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _flush_folder(path.parent)


@contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """As `replacing`, for what writes to a path alone: one beside `path`, of the same ending."""
    with naming(path):
        clear_parts(path)
        descriptor, part = _new_part(path, path.suffix)
        try:
            yield part
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
            os.close(descriptor)


def _new_part(path: Path, ending: str = "") -> tuple[int, Path]:
    """A new file beside `path`, open and locked: a part without a lock is a dead writer's."""
    while True:
        part = path.parent / f".{path.name}.{os.getpid()}-{next(_NUMBERS)}.part{ending}"
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:  # a dead process's of the same number
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            own = _is_at(descriptor, part)
        except BlockingIOError:
            own = False
        except OSError:  # a file system without locks: nobody clears there
            own = True
        if own:
            return descriptor, part
        os.close(descriptor)  # somebody clears it, or did, before it was locked


def clear_parts(path: Path) -> None:
    """Remove what killed writers of `path` have left beside it; what a living one is writing stays."""
    own = re.compile(rf"\.{re.escape(path.name)}\.\d+(-\d+)?\.part({re.escape(path.suffix)})?")
    with suppress(OSError):  # whoever writes is told
        for name in os.listdir(path.parent):
            if own.fullmatch(name):
                with suppress(OSError):  # a living writer's, or gone
                    _clear(path.parent / name)


def _clear(part: Path) -> None:
    descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(descriptor, part):
            part.unlink()
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether what is open is what lies at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, UTF-8; readers see the old one or the new one."""
    with replacing(path) as file:
        file.write(text.encode())


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """A text file that a person may have written: UTF-8, a byte-order mark at its beginning left out.

    Raises:
        ValueError: it has more bytes than `most`, or is no such text.
        OSError: it cannot be read.
    """
    with naming(path), opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"it has more than {most} bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is text in UTF-16; save it as UTF-8")
    return data.decode("utf-8-sig")


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        ValueError: it is none, or longer or deeper than settings are.
        OSError: it cannot be read.
    """
    return toml_of(read_text(path))


def toml_of(text: str) -> dict[str, Any]:
    """What TOML says; ValueError as `read_toml`'s."""
    try:
        return no_deeper(tomllib.loads(text))
    except RecursionError:
        raise ValueError("its tables and lists lie too deep within each other") from None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The block reads the file. A pipe that nobody writes into is empty, and is not waited for; OSError as `open`'s."""
    with open(path, "rb", opener=_not_waiting) as file:
        yield file


def _not_waiting(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)  # of a pipe that somebody writes into, as a shell's `<(command)`
    return descriptor


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a text; ValueError when it is none, or one of great depth."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return no_deeper(found)


def no_deeper(value: T, deepest: int = DEEPEST) -> T:
    """`value`; ValueError when tables and lists lie deeper within each other than that.

    Whoever walks through it by recursion then comes to an end.
    """
    level: list[object] = [value]
    for _ in range(deepest):
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return value
    raise ValueError(f"tables and lists lie more than {deepest} deep within each other")


def _items(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def refusal(error: OSError) -> str:
    """Why the system refuses, without the file's name."""
    return (error.strerror or str(error) or type(error).__name__).lower()


@contextmanager
def locked(path: Path, taken: Exception, beside: Path | None = None) -> Iterator[None]:
    """The block is the only one, in any process of this machine, that has `path` locked; raises `taken` if it is not.

    The lock is the kernel's, and ends with its process, however that ends. It is on `path`, which must be there, or on
    a file `beside` it, which is made for it and goes at the end.
    """
    with naming(path):
        descriptor = _lock(beside or path, taken, os.O_RDONLY if beside is None else os.O_WRONLY | os.O_CREAT)
    try:
        yield
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()  # before the lock ends: whoever waits for this file finds that it is gone
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process has `path` locked; nobody's lock is taken or waited for."""
    try:
        there, table = path.stat(), Path("/proc/locks").read_text(encoding="utf-8")
    except OSError:
        return False
    place = f"{os.major(there.st_dev):02x}:{os.minor(there.st_dev):02x}:{there.st_ino}"
    return any(place in line.split() for line in table.splitlines() if " FLOCK " in line)


def _lock(path: Path, taken: Exception, flags: int) -> int:
    while True:
        descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666)  # a pipe in its place is not waited for
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise taken from None
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had it locked has removed it: lock the one that is there now


def _flush_folder(folder: Path) -> None:
    """The move itself is on the disk only when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
