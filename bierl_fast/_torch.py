"""PyTorch, imported by a thread beside the one that needs it.

    from bierl_fast._torch import torch

Signal handlers run in the main thread. An error that one raises there in the middle of PyTorch's import, as Ctrl-C's
does, goes through C++ that then ends the process. Raised while the main thread waits, it is an error like any other:
the import comes to its end beside it.
"""

import importlib
import sys
import threading

from bierl_fast.errors import InstallationError


def _load() -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            importlib.import_module("torch")
        except BaseException as error:
            failed.append(error)

    # Not a daemon: Python's end would end it inside that C++.
    thread = threading.Thread(target=work, name="import torch")
    thread.start()
    thread.join()
    if failed:
        missing = failed[0]
        if isinstance(missing, ModuleNotFoundError) and missing.name == "torch":
            raise InstallationError(
                "a learned meta-level, a torch policy and esac need torch, which is not installed; "
                "install it with: pip install torch"
            ) from missing
        raise missing


if "torch" not in sys.modules:
    _load()

import torch  # noqa: E402 - what was loaded

__all__ = ["torch"]
