"""Whose code may run: what this user trained on this machine may; what any other file names is asked about first.

    settings of a file -> Named                      what would be imported and called
    file, its text     -> remember -> the user's state folder
    file, its text     -> require  -> nothing, or TrustError, before anything is imported

Run directories and policies are data, which others may have made. What a command line or a Python program names is
code like any script, and nobody is asked. A mark is of one file's place and content: a file that was copied, moved or
changed has none, and none travels with a directory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import RunWarning, TrustError, warn
from bierl_fast.import_path import LIBRARY, names_code, parted

BINARY = ".mjb"  # of compiled models, whose insides MuJoCo hardly checks
LONGEST = 200  # characters that are shown of what a file says
Trust = bool | Collection["Named"]  # everything, nothing, or what is trusted already


@dataclass(frozen=True, slots=True)
class Named:
    """Code that a file names: the setting, its import path, and the keyword arguments it would be called with."""

    setting: str
    path: str
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.path.endswith(BINARY):
            return f"load the compiled model {_shown(self.path)}, which MuJoCo takes as it is, for its {self.setting}"
        if self.path.rpartition(":")[0].endswith(LIBRARY):
            return f"load the library {_shown(self.path.rpartition(':')[0])} for its {self.setting}"
        home, name = parted(self.path)
        told = ", ".join(f"{key}={value!r}" for key, value in self.keywords.items())
        verb = "call" if name.replace(".", "").isidentifier() else "make"  # the id of an environment
        return f"import {_shown(home)} and {verb} {_shown(name)} with ({_cut(told)}) as its {self.setting}"


def _shown(text: str) -> str:
    return _cut(ascii(text))  # whoever wrote the file does not write to the terminal


def _cut(text: str) -> str:
    text = text if text.isascii() and text.isprintable() else ascii(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def named_in(settings: Mapping[str, Any], keywords: Mapping[str, Any]) -> tuple[Named, ...]:
    """The code that settings name, by what each is called, and a task's own; `keywords` are those of the task."""
    found = [
        Named(name, value, dict(keywords) if name == "task" else {})
        for name, values in settings.items()
        for value in (values if isinstance(values, tuple | list) else (values,))
        if names_code(value)
    ]
    if settings.get("task") == MUJOCO_TASK:
        found += _named_in_a_task(keywords)
    return tuple(found)


def _named_in_a_task(keywords: Mapping[str, Any]) -> Iterator[Named]:
    """What a task of one's own names: a compiled model, and terms that are code."""
    model = keywords.get("model")
    if isinstance(model, str) and model.endswith(BINARY):
        yield Named("task", model)
    lists = [value for value in keywords.values() if isinstance(value, list)]
    names = [each.get("term") for terms in lists for each in terms if isinstance(each, Mapping)]
    for name in dict.fromkeys(str(name) for name in names if names_code(name)):
        yield Named("task", name)


def folder() -> Path:
    """Where the marks are: one small file each, which holds the path it is for."""
    import platformdirs  # noqa: PLC0415 - only files that name code need it

    return Path(platformdirs.user_state_path("bierl")) / "trusted"


def _mark(path: Path, text: str) -> Path:
    place = str(path.resolve())
    return folder() / hashlib.sha256(f"{place}\0{text}".encode(errors="surrogateescape")).hexdigest()


def remember(path: Path, text: str, named: Iterable[Named], what: str | None = None) -> None:
    """Mark a file that this user is about to write; nothing where it names no code.

    Where no mark can be written the file will be asked about: a RunWarning, if it is to be said of `what`.
    """
    if not any(named):
        return
    mark = _mark(path, text)
    try:
        if not mark.exists():
            mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mark.write_text(f"{path.resolve()}\n", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        if what is not None:
            warn(
                f"that {what} is yours cannot be kept in {mark.parent} ({error.strerror}): to evaluate or resume it "
                "will take --trust (in Python trust=True)",
                RunWarning,
            )


def require(path: Path, text: str, named: Iterable[Named], trust: Trust) -> None:
    """Raise TrustError, which says what would run, for a file that names code and is not trusted.

    Args:
        path: the file.
        text: what it says.
        named: the code it names.
        trust: True: the user said that he trusts it; else what is trusted already.
    """
    asked = [one for one in named if trust is not True and (trust is False or one not in trust)]
    if not asked or _marked(path, text):
        return
    raise TrustError(
        f"{path} names code, and is not as you trained it here (another's, copied, moved or changed): it would "
        f"{'; '.join(map(str, asked))}; if you trust whoever wrote it, give --trust (in Python trust=True)"
    )


def _marked(path: Path, text: str) -> bool:
    try:
        return _mark(path, text).exists()
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a policy was read from, with the code it names, until somebody trusts it."""

    path: Path
    text: str
    named: tuple[Named, ...]

    def require(self, trust: Trust, without: Collection[str] = ()) -> None:
        """Raise TrustError where the file is not trusted; `without`: settings that are given in place of the file's."""
        require(self.path, self.text, [one for one in self.named if one.setting not in without], trust)
