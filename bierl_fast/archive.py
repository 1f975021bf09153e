"""Arrays plus a JSON header in one .npz file, without pickle, replaced in one move."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bierl_fast.files import replacing
from bierl_fast.messages import Arrays

HEADER = "header"


class ArchiveError(RuntimeError):
    """A file that is missing, truncated, or not what it should be. The file is never touched."""


def write_archive(path: Path, header: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write beside `path`, flush to disk, move into place: readers see the old file or the new one."""
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **{HEADER: np.array(header), **arrays})


def read_archive(path: Path) -> tuple[str, Arrays]:
    """The JSON text of the header, and every array. ArchiveError when the file is missing or damaged."""
    try:
        # Opened here: np.load leaves a truncated file open.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise ArchiveError(f"there is no file {path}") from None
    except Exception as error:  # a damaged zip or npy header raises half a dozen kinds
        raise ArchiveError(f"{path} is damaged or not an archive of this project ({error})") from None
    if HEADER not in arrays:
        raise ArchiveError(f"{path} has no header: it is not an archive of this project")
    return str(arrays.pop(HEADER)), arrays
