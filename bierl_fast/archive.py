"""Arrays plus a JSON header in one .npz file, without pickle, replaced in one move."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import ArchiveError
from bierl_fast.files import replacing
from bierl_fast.messages import Arrays

T = TypeVar("T")
HEADER = "header"
ZIP = b"PK"  # what every .npz file begins with


def write_archive(path: Path, header: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write beside `path`, flush to disk, move into place: readers see the old file or the new one."""
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.array(header), **arrays})


def read_archive(path: Path) -> tuple[str, Arrays]:
    """The JSON text of the header, and every array. ArchiveError when the file is missing or damaged."""
    try:
        # Opened here: np.load leaves a truncated file open.
        with path.open("rb") as raw:
            if raw.read(2) != ZIP:  # else NumPy would take it for a pickle, and speak of that
                raise ValueError("it is no zip file")
            raw.seek(0)
            with np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise ArchiveError(f"there is no file {path}") from None
    except Exception as error:  # a damaged zip or npy header raises half a dozen kinds
        raise ArchiveError(f"{path} is damaged or not an archive of this project ({error})") from None
    if HEADER not in arrays:
        raise ArchiveError(f"{path} has no header: it is not an archive of this project")
    return str(arrays.pop(HEADER)), arrays


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

    def read(self, path: Path, make: Callable[[dict[str, Any], Arrays], T]) -> T:
        """What `make` makes of a file's header (kind and format taken out) and arrays.

        Raises:
            ArchiveError: no such file, a damaged one, one of another kind or format, or one that `make` refuses.
        """
        text, arrays = read_archive(path)
        try:
            header = json.loads(text)
            kind, number = header.pop("kind", None), header.pop("format", None)
            if (kind, number) != (self.kind, self.format):
                raise ValueError(self.others.get(kind) or f"its header says {kind} of format {number}")
            return make(header, arrays)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ArchiveError(f"{path} is not {self.name} of format {self.format} ({error}); {self.remedy}") from error
