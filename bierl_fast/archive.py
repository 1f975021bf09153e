"""Arrays plus a JSON header in one .npz file, without pickle, replaced in one move.

    header, {name: array} -> write_archive -> FILE.npz -> Archive -> header, one array at a time

A file may come from anywhere. What it says of itself is checked before memory is spent on it: an array is read when it
is asked for, and has then the size that was asked for, or at most that of the file.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import ArchiveError, ArgumentError, BierlError, TrustError, shown
from bierl_fast.files import json_object, refusal, replacing
from bierl_fast.messages import Arrays

T = TypeVar("T")
HEADER = "header"
ZIP = b"PK"  # what every .npz file begins with
MOST_TEXT = 1 << 22  # characters of a header
MOST_UNPACKED = 1 << 26  # bytes that a compressed array may become; our own are not compressed
CHUNK = 1 << 20  # bytes read at once
# What NumPy writes before an array: version 1.0, 2.0 or 3.0, the length of a description, and that. Read here by its
# form, because NumPy evaluates it as Python text, which takes any depth and any number.
DESCRIPTION = re.compile(
    r"\{'descr': '([<>|=]?[A-Za-z?]\d*)', 'fortran_order': (True|False), 'shape': \(((?:\d{1,19},? ?)*)\), \} *\n"
)
LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
LONGEST = 10_000  # of a description, as NumPy has it too


def write_archive(path: Path, header: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write beside `path`, flush to disk, move into place: readers see the old file or the new one.

    Raises:
        ArgumentError: a header that is too long to be read again.
    """
    if len(header) > MOST_TEXT:
        raise ArgumentError(f"the header of {path} has {len(header)} characters, more than the {MOST_TEXT} of a file")
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.array(header), **arrays})


def read_archive(path: Path) -> tuple[str, Arrays]:
    """The JSON text of the header, and every array. ArchiveError when the file is missing or damaged."""
    with Archive.opened(path) as archive:
        return archive.header, {name: archive.read(name) for name in archive}


class Archive(Mapping[str, "Stored"]):
    """An open file: its header, and its arrays by name, each described and not yet read."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """`file` is `path`, open; ArchiveError when it is no archive."""
        self._path = path
        with self._damage():
            if file.read(2) != ZIP:
                raise ValueError("it is no zip file")
            self._zip = zipfile.ZipFile(file)
            self._size = file.seek(0, os.SEEK_END)
            self._names = Counter(self._zip.namelist())
        if HEADER not in self:
            raise ArchiveError(f"{path} has no header: it is not an archive of this project")
        with self._damage():
            found = self[HEADER]
            if found.dtype.kind != "U" or found.shape != () or found.dtype.itemsize > 4 * MOST_TEXT:
                raise ValueError(f"its header is {found}, and no text of at most {MOST_TEXT} characters")
            self.header = str(found.read())

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """The block has it open.

        Raises:
            ArchiveError: there is no such file, it may not be read, it is damaged, or it is none.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe is not waited for
        except FileNotFoundError:
            raise ArchiveError(f"there is no file {path}") from None
        except OSError as error:
            raise ArchiveError(f"cannot read {path}: {refusal(error)}") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ArchiveError(f"{path} is no file")
        with open(descriptor, "rb") as file:
            yield cls(path, file)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[str]:
        names = (name.removesuffix(".npy") for name in self._names if name.endswith(".npy"))
        return (name for name in names if name != HEADER)

    def __contains__(self, name: object) -> bool:
        return f"{name}.npy" in self._names

    def __getitem__(self, name: str) -> Stored:
        """What the file says of an array; ArchiveError: there is none of that name, or it is damaged."""
        if name not in self:
            raise ArchiveError(f"{self._path} lacks the array {name}")
        with self._damage():
            info = self._zip.getinfo(f"{name}.npy")
            if self._names[info.filename] > 1:
                raise ValueError(f"it has several arrays {name}")
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise ValueError(f"its array {name} is packed in another way than NumPy's")
            if info.compress_size > self._size:
                raise ValueError(f"its array {name} is longer than the file")
            with self._zip.open(info) as file:
                return Stored.described(name, file, info, self)

    def read(self, name: str, dtype: Any = None, shape: tuple[int, ...] | None = None) -> NDArray[Any]:
        """An array; with `dtype` and `shape`, which are looked at before it is read, exactly such a one.

        Raises:
            ArchiveError: it is not there, or it is damaged.
            ArgumentError: it is another one.
        """
        found = self[name]
        if dtype is not None and shape is not None:
            found.require(np.dtype(dtype), shape)
        with self._damage():
            return found.read()

    def member(self, info: zipfile.ZipInfo) -> IO[bytes]:
        """An array's bytes."""
        return self._zip.open(info)

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Whatever goes wrong in the block, the file is to blame."""
        try:
            yield
        except BierlError:
            raise
        except OSError as error:
            raise ArchiveError(f"cannot read {self._path}: {refusal(error)}") from error
        except Exception as error:  # a damaged zip or array raises a dozen kinds
            text = str(error) or type(error).__name__
            raise ArchiveError(f"{self._path} is damaged or not an archive of this project ({text})") from error


@dataclass(frozen=True, slots=True)
class Stored:
    """An array in a file, as the file describes it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    columns_first: bool
    start: int  # of its elements in its member
    info: zipfile.ZipInfo
    archive: Archive

    @classmethod
    def described(cls, name: str, file: Any, info: zipfile.ZipInfo, archive: Archive) -> Stored:
        """What its first bytes say; ValueError unless it is an array of plain values, as long as they say."""
        magic = file.read(8)
        length = LENGTHS.get(magic[6]) if len(magic) == 8 and magic.startswith(b"\x93NUMPY") else None
        if length is None:
            raise ValueError(f"its member {name} is no array")
        before = struct.calcsize(length)
        (size,) = struct.unpack(length, file.read(before))
        found = DESCRIPTION.fullmatch(file.read(size).decode("latin-1")) if size <= LONGEST else None
        if found is None:
            raise ValueError(f"its array {name} is none of plain numbers")
        dtype, shape = np.dtype(found[1]), tuple(int(part) for part in re.findall(r"\d+", found[3]))
        start = 8 + before + size
        if dtype.hasobject or info.file_size != start + dtype.itemsize * math.prod(shape):
            what = "holds Python objects" if dtype.hasobject else f"is not as long as its shape {shape} says"
            raise ValueError(f"its array {name} {what}")
        return cls(name, dtype, shape, found[2] == "True", start, info, archive)

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"

    def require(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        """ArgumentError unless it is of this dtype, in any order of bytes, and shape."""
        if self.dtype.newbyteorder("=") != dtype or self.shape != shape:
            raise ArgumentError(f"{self.name} must be {dtype} of shape {shape}, got {self}")

    def read(self) -> NDArray[Any]:
        """The array itself, in this machine's order of bytes; raises half a dozen kinds where it is damaged."""
        if self.info.compress_type != zipfile.ZIP_STORED and self.info.file_size > MOST_UNPACKED:
            raise ValueError(
                f"its array {self.name} is compressed, and {self.info.file_size} bytes long; store it plain"
            )
        found = np.empty(math.prod(self.shape), self.dtype)
        into, at = found.view(np.uint8) if found.nbytes else np.empty(0, np.uint8), 0
        with self.archive.member(self.info) as file:
            file.read(self.start)
            while part := file.read(CHUNK):  # to the end, where the checksum is compared
                into[at : at + len(part)] = np.frombuffer(part, np.uint8)
                at += len(part)
        if at != found.nbytes:
            raise ValueError(f"its array {self.name} ends early")
        native = found.astype(self.dtype.newbyteorder("="), copy=False)
        return native.reshape(self.shape[::-1]).T if self.columns_first else native.reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file, and what its header says of it.

    Attributes:
        kind: in the header.
        format: in the header; a file of another number is refused.
        name: for people, with its article.
        remedy: what to do where a file is none.
        others: what to say of files of some other kinds, by kind.
    """

    kind: str
    format: int
    name: str
    remedy: str
    others: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Write a file of this kind; atomically."""
        text = json.dumps({"format": self.format, "kind": self.kind, **header})
        write_archive(path, text, arrays)

    def read(self, path: Path, make: Callable[[dict[str, Any], Archive], T]) -> T:
        """What `make` makes of a file's header (kind and format taken out) and arrays.

        Raises:
            ArchiveError: no such file, a damaged one, one of another kind or format, or one that `make` refuses.
        """
        with Archive.opened(path) as archive:
            try:
                header = json_object(archive.header)
                kind, number = header.pop("kind", None), header.pop("format", None)
                if (kind, number) != (self.kind, self.format):
                    what = kind if isinstance(kind, str) else shown(kind)
                    other = self.others.get(kind) if isinstance(kind, str) else None
                    raise ValueError(other or f"its header says {what} of format {shown(number)}")
                return make(header, archive)
            except (ArchiveError, TrustError):
                raise
            except Exception as error:  # a file may hold anything, and what is made of it raise anything
                text = f"it lacks {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
                raise ArchiveError(
                    f"{path} is not {self.name} of format {self.format} ({text}); {self.remedy}"
                ) from error
