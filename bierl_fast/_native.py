"""The native module, with the types of _core.pyi; MuJoCo's shared library is loaded before it.

    from bierl_fast._native import core

Importing this takes 50 ms, and raises InstallationError where MuJoCo is missing or another version, or nothing was
compiled.
"""

from bierl_fast import _library

_library.prepare()

from bierl_fast import _core as core  # noqa: E402 - what was prepared

__all__ = ["core"]
