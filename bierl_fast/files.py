"""Files that readers find whole: written beside, flushed to the disk, moved into place; and who may write to them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; it takes `path`'s place when the block ends, and vanishes when the block raises."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, UTF-8; readers see the old one or the new one."""
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def locked(path: Path, taken: Exception, flags: int = os.O_RDONLY) -> Iterator[None]:
    """The block is the only one, in any process of this machine, that has `path` locked; raises `taken` if it is not.

    The lock is the kernel's, on what is opened with `flags`: it ends with its process, however that ends.
    """
    descriptor = os.open(path, flags, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise taken from None
        yield
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """The move itself is on the disk only when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
