"""Formats by name. Adding one is one file and one line here; nothing is loaded before it is used.

NumpyPolicy or TorchPolicy -> the Format's function -> the bytes of one file
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One line of the table.

    Attributes:
        about: for help.
        content: module and function (NumpyPolicy, name) -> bytes, of a compiled policy with its facts; `name` is an
            identifier for what is in the file.
        of_module: module and function (TorchPolicy, facts) -> bytes; None: a torch module has no such form.
    """

    about: str
    content: str
    of_module: str | None = None


FORMATS: dict[str, Format] = {
    "onnx": Format("for ONNX runtimes; extra export", "onnx_file:content"),
    "torchscript": Format(
        "for torch.jit.load and libtorch", "torch_files:torchscript", "torch_files:torchscript_of_module"
    ),
    "pt2": Format("for torch.export.load", "torch_files:pt2"),
    "c": Format("a header of C99, without allocation or library", "c_header:content"),
    "numpy": Format("a Python file that needs NumPy alone", "numpy_file:content"),
}


def function_of(path: str) -> Callable[..., bytes]:
    """What a line of the table names."""
    module, _, name = path.partition(":")
    found: Callable[..., bytes] = getattr(importlib.import_module(f"bierl_fast.exporting.{module}"), name)
    return found
