"""Tables of a file that describes many runs: TOML text or a dict in, settings and lists out, each checked alone.

file or dict, make -> read_by  -> make({key: value}, where)     errors say where in the file they arose
one table          -> settings -> {name: value}                 its preset's below its own
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bierl_fast.config import reference, toml
from bierl_fast.config.sections import OLD_NAMES, TABLES, check_names, hints, settings_of
from bierl_fast.errors import ConfigError, shown
from bierl_fast.files import as_path, read_toml
from bierl_fast.names import choice
from bierl_fast.settings import LONG, renamed
from bierl_fast.values import checked, kinds, plain

T = TypeVar("T")
OF_RUNS = "runs that there are stand beside each other in `bierl plot DIR...` and `bierl report DIR... --out FILE`"


@dataclass(frozen=True, slots=True)
class Times:
    """A setting as a multiple of the value that would be in force without it."""

    factor: float


def read_by(
    source: str | os.PathLike[str] | Mapping[str, Any], what: str, make: Callable[[dict[str, Any], str], T]
) -> T:
    """What `make` makes of a TOML file, or of a dict of the same form, and of what it is called in errors.

    Raises:
        ConfigError: no TOML; or what `make` raises, with where it arose.
    """
    if isinstance(source, Mapping):
        with located(what):
            return make(_plain(source), what)
    path = as_path(source, "source")
    with located(str(path)):
        return make(_parsed(path), str(path))


def _plain(source: Mapping[str, Any]) -> Any:
    try:
        return plain(source)
    except RecursionError:
        raise ConfigError("its tables and lists lie too deep within each other") from None


@contextmanager
def located(where: str) -> Iterator[None]:
    """Errors of the block say where in the file they arose."""
    try:
        yield
    except ConfigError as error:
        raise type(error)(f"{where}: {error}", error.settings) from error


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except ValueError as error:
        raise ConfigError(f"not valid TOML: {error}") from error
    except OSError as error:
        more = f"; {OF_RUNS}" if path.is_dir() else ""
        raise ConfigError(f"cannot be read: {error.strerror}{more}") from error


def settings(
    values: Mapping[str, Any], reserved: Mapping[str, str], what: str = "a comparison", times: bool = True
) -> dict[str, Any]:
    """Settings of one table, its preset's below its own; each checked alone.

    Args:
        values: the table.
        reserved: settings that have no place in it -> why; a preset's go without a word.
        what: it is part of, for errors.
        times: whether a setting may be a multiple, Times, of what would be in force.
    """
    own = dict(values)
    preset = own.pop("preset", None)
    if preset is not None and not isinstance(preset, str):
        raise ConfigError(f"preset must be a name (`bierl presets`), got {shown(preset)}")
    own = renamed(own, OLD_NAMES)
    check_names(own)
    for name, value in own.items():
        if name in reserved:
            raise ConfigError(f"{name} has no place in {what}: {reserved[name]}", [name])
        if times and isinstance(value, dict) and name not in TABLES:
            own[name] = _times(name, value)
        elif name == "reference":
            reference.read(value)  # stays a table: layers win switch by switch
        else:
            own[name] = checked(name, value, hints()[name], settings_of()[name].metadata)
    published = toml.read_preset(preset) if preset is not None else {}
    return toml.layered({name: value for name, value in published.items() if name not in reserved}, own)


def _times(name: str, value: dict[str, Any]) -> Times:
    factor = value.get("times")
    if set(value) != {"times"} or isinstance(factor, bool) or not isinstance(factor, int | float):
        raise ConfigError(
            f"{name} must be a value, or {{times = a number}} for a multiple of it, got {shown(value)}", [name]
        )
    if not {int, float} & set(kinds(hints()[name])):
        raise ConfigError(f"{name} is no number, so it cannot be multiplied; got {shown(value)}", [name])
    if not 0.0 < factor < float("inf"):
        raise ConfigError(f"{name}: times must be above 0 and finite, got {shown(factor)}", [name])
    return Times(float(factor))


def require_known(kind: str, values: Mapping[str, Any], known: Any) -> None:
    """UnknownNameError, with the nearest one, for the first key that is none of `known`."""
    for name in values:
        choice(kind, name, known)


def table(value: Any) -> dict[str, Any]:
    """`value`, which is a table; else ConfigError."""
    if not isinstance(value, dict):
        raise ConfigError(f"a table was wanted, got {shown(value)}")
    return value


def names(value: Any, what: str) -> tuple[str, ...]:
    """A name or a list of them, each once, as a tuple; else ConfigError."""
    found = [value] if isinstance(value, str) else value
    return tuple(_distinct(what, found, lambda name: isinstance(name, str), "names"))


def seeds(value: Any) -> tuple[int, ...]:
    """So many seeds, from 0 on, or a list of them; else ConfigError."""
    if isinstance(value, int):
        return tuple(range(whole("seeds", value, 1, LONG)))
    return tuple(_distinct("seeds", value, lambda seed: type(seed) is int and 0 <= seed < 2**64, "whole numbers"))


def _distinct(what: str, value: Any, fits: Callable[[Any], bool], kind: str) -> list[Any]:
    if not isinstance(value, list) or not value or not all(map(fits, value)) or len(set(value)) < len(value):
        raise ConfigError(f"{what} must be a list of {kind}, each once and at least one, got {shown(value)}")
    return value


def whole(name: str, value: Any, low: int, high: int) -> int:
    """`value`, a whole number within these bounds; else ConfigError."""
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(f"{name} must be a whole number of at least {low} and at most {high}, got {shown(value)}")
    return value
