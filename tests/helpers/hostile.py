"""Files as nobody's run writes them."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def rewrite(
    path: Path,
    header: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Any] | None = None,
    text: str | None = None,
) -> None:
    """Change an archive's header and arrays, as anybody can with NumPy; None takes an array out."""
    with np.load(path, allow_pickle=False) as file:
        before = {name: file[name] for name in file.files}
    said = json.loads(str(before.pop("header"))) | dict(header or {})
    after = {name: array for name, array in (before | dict(arrays or {})).items() if array is not None}
    with path.open("wb") as target:
        np.savez(target, header=np.array(json.dumps(said) if text is None else text), **after)


def described(shape: object, descr: str = "'<f4'") -> bytes:
    """The beginning of an .npy file that says so."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def with_member(path: Path, name: str, content: bytes, compression: int = zipfile.ZIP_STORED) -> None:
    """Put a member into an archive, in the place of one of that name."""
    with zipfile.ZipFile(path) as file:
        members = {info.filename: file.read(info) for info in file.infolist()}
    members.pop(name, None)
    with zipfile.ZipFile(path, "w") as file:
        for member, data in members.items():
            file.writestr(member, data)
        file.writestr(zipfile.ZipInfo(name), content, compression)


def npy(array: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def memory_of(call: Callable[[], object]) -> int:
    """The most bytes that Python's objects and NumPy's arrays took while it ran."""
    tracemalloc.start()
    try:
        call()
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most
