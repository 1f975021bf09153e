"""Arrays that several processes see, in memory that the system frees with the last of them.

    Block.create -> fileno handed to workers -> Block.attach      same fields -> same views
    SharedFile.append -> Place, a small message -> SharedFile.read, in any process and at any time

An anonymous file, not a named one: nothing is left behind however the processes end, and no helper process counts
names. It grows in place.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.evaluation.pool.descriptors import beyond_standard

Field = tuple[str, Any, tuple[int, ...]]  # name, dtype, shape
Memory = NDArray[np.uint8]
ALIGNMENT = 64


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return beyond_standard(os.memfd_create("bierl"))
    with tempfile.TemporaryFile() as file:
        return beyond_standard(os.dup(file.fileno()))


def _memory_of(fileno: int, size: int) -> Memory:
    """The first `size` bytes of a file as memory that is shared, and freed with the last array on it.

    Python's own mmap keeps a descriptor of the file under the lowest number that is free (until 3.13 always), where an
    environment that writes to what it finds there would write over the arrays, or close it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    address = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fileno, 0)
    if address == ctypes.c_void_p(-1).value:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    memory = (ctypes.c_uint8 * size).from_address(address)
    weakref.finalize(memory, libc.munmap, address, size).atexit = False  # a thread may be at work in it until the end
    return np.ctypeslib.as_array(memory)


class Block:
    """One block of shared memory. Views stay good until the next call of `views`."""

    def __init__(self, fileno: int | None = None) -> None:
        """A new block, or another process's by its file descriptor, which it owns from now on."""
        self.fileno = _anonymous_file() if fileno is None else fileno
        self._owner = fileno is None
        self._map: Memory | None = None

    def views(self, fields: Iterable[Field]) -> dict[str, NDArray[Any]]:
        """One array for each field, uninitialised; the creating process makes room for them first."""
        layout, size = [], 0
        for name, dtype, shape in fields:
            layout.append((name, np.dtype(dtype), shape, size))
            length = np.dtype(dtype).itemsize * int(np.prod(shape, dtype=np.int64))
            size += -(-length // ALIGNMENT) * ALIGNMENT
        mapped = self._mapped(max(size, 1))
        return {name: np.ndarray(shape, dtype, mapped, offset) for name, dtype, shape, offset in layout}

    def _mapped(self, size: int) -> Memory:
        if self._map is None or len(self._map) < size:
            if self._owner:
                os.ftruncate(self.fileno, size)
            self._map = _memory_of(self.fileno, size)  # the old one goes with the last view of it
        return self._map

    def close(self) -> None:
        """Let go of the file; views already made stay good."""
        if self.fileno >= 0:
            os.close(self.fileno)
        self.fileno, self._map = -1, None


@dataclass(frozen=True, slots=True)
class Place:
    """Where some bytes lie in a SharedFile."""

    offset: int
    size: int


class SharedFile:
    """Bytes that one process appends and others read when they get there, so that the one waits for none of them."""

    def __init__(self, fileno: int | None = None) -> None:
        """A new file, or another process's by its file descriptor, which it owns from now on."""
        self.fileno = _anonymous_file() if fileno is None else fileno
        self._size = 0

    def append(self, data: bytes) -> Place:
        """Write, and say where; the creating process alone."""
        place = Place(self._size, len(data))
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self.fileno, rest, self._size)
            self._size += written
            rest = rest[written:]
        return place

    def read(self, place: Place) -> bytes:
        """What was written there."""
        with mmap.mmap(self.fileno, 0, access=mmap.ACCESS_READ) as mapped:
            return mapped[place.offset : place.offset + place.size]

    def close(self) -> None:
        """Let go of the file."""
        if self.fileno >= 0:
            os.close(self.fileno)
        self.fileno = -1
