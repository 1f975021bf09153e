"""Loads MuJoCo's shared library, which the native module needs before it can be imported.

The native module is linked to `libmujoco.so.3.17.0` beside it in site-packages. Where the two packages lie in different
folders the library is found through MuJoCo's Python package, without importing that package.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bierl_fast.errors import InstallationError

WANTED = "3.17.0"
REMEDY = f"repair it with: pip install mujoco=={WANTED}"


def package_folder(package: str) -> Path | None:
    """Where a package lies, without importing it; None when it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _preload_mujoco() -> None:
    folder = package_folder("mujoco")
    try:
        installed = version("mujoco")
    except PackageNotFoundError:
        installed = None
    if folder is None or installed is None:
        raise InstallationError(f"bierl_fast needs MuJoCo {WANTED}, and it is not installed; {REMEDY}")
    if installed != WANTED:
        raise InstallationError(f"bierl_fast needs MuJoCo {WANTED}, found {installed}; {REMEDY}")
    for name in (f"libmujoco.so.{WANTED}", f"libmujoco.{WANTED}.dylib"):
        if (folder / name).exists():
            ctypes.CDLL(str(folder / name))
            return
    raise InstallationError(f"MuJoCo {WANTED} in {folder} has no shared library; {REMEDY}")


def prepare() -> None:
    """Make the native module one that can be imported: MuJoCo's library is loaded.

    Raises:
        InstallationError: MuJoCo is missing or another version (the message has the pip line that repairs it), or this
            is a source tree that was never built, in front of an installed package or without one.
    """
    _preload_mujoco()
    if importlib.util.find_spec("bierl_fast._core") is None:
        here = Path(__file__).parent
        compiled = f"_core{EXTENSION_SUFFIXES[0]}"
        installed = next((place for entry in sys.path if (place := Path(entry, here.name, compiled)).exists()), None)
        remedy = (
            f"these are sources, which hide the package installed in {installed.parent}; start Python from another "
            "folder, or with -P"
            if installed is not None
            else "if this is a source tree, install it (pip install .) and start Python from another folder"
        )
        raise InstallationError(f"bierl_fast was imported from {here}, which has no compiled module: {remedy}")


@functools.cache
def gymnasium_assets() -> str:
    """The folder with Gymnasium's own MuJoCo model files."""
    folder = package_folder("gymnasium")
    if folder is None:
        raise InstallationError(
            'bierl_fast needs Gymnasium\'s model files; install them with: pip install "gymnasium[mujoco]"'
        )
    return str(folder / "envs" / "mujoco" / "assets")
