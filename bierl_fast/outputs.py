"""Files that a user asked for by name: nothing is overwritten unasked, and readers see a whole file or none.

out, force -> require_output -> a path -> write_output
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from bierl_fast.errors import ConfigError
from bierl_fast.files import as_path, replacing
from bierl_fast.names import choice


def require_output(out: str | os.PathLike[str], force: bool) -> Path:
    """The path of a file that can be written.

    Raises:
        ConfigError: `out` exists and `force` is not set, or is a folder, or there is no folder for it.
    """
    out = as_path(out, "out")
    if out.is_dir():
        raise ConfigError(f"{out} is a folder; name a file", ["out"])
    if not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent}; make it first", ["out"])
    if out.exists() and not force:
        raise ConfigError(f"{out} exists; give another name, or --force to replace it", ["out", "force"])
    return out


def kind_of_output(out: str | os.PathLike[str], what: str, kinds: Collection[str]) -> str:
    """What the ending of a file says that is in it, in small letters: one of `kinds`.

    Raises:
        ConfigError: `out` has no ending, or another.
    """
    ending = as_path(out, "out").suffix.removeprefix(".").lower()
    if not ending:
        named = " or ".join(f".{kind}" for kind in sorted(kinds))
        raise ConfigError(f"out must end in {named}, which says the kind of {what}; got {os.fspath(out)}", ["out"])
    return choice(f"kind of {what}", ending, kinds, ["out"])


def write_output(out: Path, content: bytes) -> None:
    """Write a whole file; an OSError names it, and leaves what was there before."""
    with replacing(out) as file:
        file.write(content)
