"""Is this value a setting, looked at alone? Wrong ones raise ConfigError: what was wanted, what came, what to do.

value, type -> typed -> value of exactly that type
value, rules -> check_rules

The name says which setting is at fault: "momentum", or "ranges.momentum", which is of the table `ranges`.
"""

from __future__ import annotations

import functools
import math
import operator
import struct
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bierl_fast.errors import ConfigError, shown
from bierl_fast.names import unknown

_SCALARS = (bool, int, float, str, types.NoneType)
SUFFIXES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
EACH = "each of "  # before a setting's name, where an element of it is at fault
_BOUNDS = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}


def at_fault(name: str) -> tuple[str]:
    """The setting that a name is of, for errors: itself, or the table that it is an entry of."""
    return (name.removeprefix(EACH).partition(".")[0],)


def typed(name: str, value: Any, kind: Any) -> Any:
    """`value` as `kind`: integers serve as floats, lists as tuples, NumPy scalars as numbers, and numbers as `read`.

    Floats that are whole numbers serve as integers. No more.
    """
    functions = [part for part in kinds(kind) if is_function(part)]
    if functions and callable(value):
        return value  # the evaluator knows which it can run
    if type(value) in _SCALARS and type(value) in kinds(kind):
        return value if type(value) is not str else text(name, value)
    if type(value) is tuple and not value and any(typing.get_args(part)[1:] == (...,) for part in kinds(kind)):
        return value  # an empty list
    import msgspec  # noqa: PLC0415 - an evaluator of one's own is made without it

    try:
        value = None if _is_none(value, kind) else understood(plain(value), kind)
    except RecursionError:
        raise ConfigError(f"{name} holds tables or lists that lie too deep within each other", at_fault(name)) from None
    for leaf in _leaves(value):
        if isinstance(leaf, str):
            text(name, leaf)
    if name == "task_kwargs":
        check_task_kwargs(name, value)
    elif typing.get_origin(kind) is dict:
        return _typed_entries(name, value, typing.get_args(kind)[1])
    try:
        return msgspec.convert(value, union(part for part in kinds(kind) if part not in functions), strict=True)
    except msgspec.ValidationError:
        if name == "strategy" and all(callable(getattr(value, method, None)) for method in ("ask", "tell")):
            raise ConfigError(
                f"strategy must be the name of a strategy, which the run makes, got {type(value).__name__}; an object "
                "with ask and tell, bf.AskTell around an optimizer too, is for the loop of ask, evaluate and tell that "
                "docs/strategies.md shows",
                at_fault(name),
            ) from None
        raise ConfigError(f"{name} must be {describe(kind)}, got {shown(value)}", at_fault(name)) from None


def _is_none(value: Any, kind: Any) -> bool:
    """Whether a word says that a setting is left open: one that may be, and has no word or list for its own value."""
    parts = kinds(kind)
    says_more = str in parts or any(... in typing.get_args(part) for part in parts)
    return isinstance(value, str) and value.lower() == "none" and types.NoneType in parts and not says_more


def read(written: str, kind: type) -> Any:
    """A number in writing, as an int or a float: 64, 1e6, 1_000, 3M; ValueError for what is none.

    The suffixes k, M and G stand for thousands, millions and billions.
    """
    written = written.strip()
    factor = SUFFIXES.get(written[-1:], 1)
    digits = written[:-1] if factor > 1 else written
    if kind is not int:
        return float(digits) * factor
    try:
        return int(digits) * factor
    except ValueError:
        return _whole(float(digits) * factor)


def read_list(written: str, kind: type) -> tuple[Any, ...]:
    """Numbers in writing with commas between, whole ones also with an x: 64,64 or 64x64; ValueError for others."""
    if kind is int:
        written = written.replace("x", ",")
    return tuple(read(item, kind) for item in written.split(","))


def _whole(value: float) -> int:
    """`value` as an int; ValueError unless it is a whole number that is counted exactly."""
    if not value.is_integer() or abs(value) > 2**64:
        raise ValueError(f"{value} is no whole number")
    return int(value)


def understood(value: Any, kind: Any) -> Any:
    """A number, or several, that was given in writing or as a whole float, as `kind` has it; else as it is."""
    if isinstance(value, bool) or str in kinds(kind):
        return value
    for part in kinds(kind):
        items = typing.get_args(part) if typing.get_origin(part) is tuple else ()
        try:
            if isinstance(value, float) and part is int:
                return _whole(value)
            if isinstance(value, str) and part in {int, float}:
                return read(value, part)
            if isinstance(value, str) and items and items[0] in {int, float}:
                return read_list(value, items[0])
            if isinstance(value, list) and items and items[0] is int:
                return [understood(item, int) for item in value]
        except (ValueError, OverflowError):  # the type says what was wanted
            continue
    return value


def text(name: str, value: str) -> str:
    """`value`; ConfigError where no file can hold it, as half of a character that takes two.

    Nor may it hold control characters, which whoever wrote a file would have a terminal obey; keyword arguments of a
    task may, which are shown in quotes alone.
    """
    if name != "task_kwargs" and any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in value):
        raise ConfigError(f"{name} must be text without control characters, got {shown(value)}", at_fault(name))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"{name} must be text that can be written as UTF-8, got {shown(value)}", at_fault(name)
        ) from None
    return value


def _typed_entries(name: str, value: Any, kind: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        wanted = "a table" if kind is Any else f"a table, with {describe(kind)} for each name in it"
        raise ConfigError(f"{name} must be {wanted}, got {shown(value)}", at_fault(name))
    return {key: typed(f"{name}.{key}", item, kind) for key, item in value.items()}


def plain(value: Any) -> Any:
    """`value` as TOML would give it back: NumPy as numbers and lists, tuples as lists."""
    if type(value).__module__ == "numpy":  # not imported: `bierl --help` is to be quick
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def check_task_kwargs(name: str, value: Any) -> None:
    """Raise unless `value` can be written to TOML and read back equal."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{name} must be a dict with names as keys, got {shown(value)}", at_fault(name))
    for key, item in value.items():
        for leaf in _leaves(item):
            if not isinstance(leaf, bool | int | float | str):
                raise ConfigError(
                    f"{name}[{key!r}] must hold numbers, strings, booleans, lists or dicts, "
                    f"got {shown(leaf)}; leave out an argument that is None",
                    at_fault(name),
                )


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]


def kinds(kind: Any) -> tuple[Any, ...]:
    """The types that `kind` is a union of; itself alone otherwise."""
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def union(parts: Iterable[Any]) -> Any:
    """The type of whatever is of one of these."""
    return functools.reduce(operator.or_, parts)


def is_function(kind: Any) -> bool:
    """Whether `kind` is that of Python functions, which stand beside their import paths."""
    return typing.get_origin(kind) is Callable


def describe(kind: Any) -> str:
    """A type in words."""
    names = {int: "an integer", float: "a number", str: "a string", bool: "true or false", types.NoneType: "none"}
    if kind in names:
        return names[kind]
    if isinstance(kind, types.UnionType):
        return " or ".join(describe(part) for part in typing.get_args(kind))
    if is_function(kind):
        return "a Python function"
    items = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        return "a table"
    if typing.get_origin(kind) is tuple and items[-1] is not Ellipsis:
        return f"{len(items)} values, each {describe(items[0])}"
    return f"a list, each {describe(items[0])}" if items else str(kind)


def checked(name: str, value: Any, kind: Any, rules: Mapping[str, Any]) -> Any:
    """`value` as `kind`, kept to these rules; see `typed` and `check_rules`."""
    found = typed(name, value, kind)
    check_rules(name, found, rules)
    return found


def check_rules(name: str, value: Any, rules: Mapping[str, Any]) -> None:
    """Raise unless a setting, or each entry of a list or table, keeps its rules.

    choices, of tables too; each, the names that may stand in a list; at_least, at_most, above, below, of numbers and
    lists of them.
    """
    if value is None:
        return
    if isinstance(value, tuple):
        for item in value if "each" in rules else ():
            check_rules(name, item, {"choices": rules["each"]})
        for item in value if _BOUNDS.keys() & rules.keys() else ():
            check_rules(EACH + name, item, rules)
        return
    if isinstance(value, dict):
        if "choices" in rules:
            for key, item in value.items():
                check_rules(f"{name}.{key}", item, rules)
        return
    if "choices" in rules and value not in rules["choices"]:
        raise unknown(name, value, rules["choices"], at_fault(name))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    wanted = [f"{text} {rules[rule]}" for rule, text in _BOUNDS.items() if rule in rules]
    inside = (
        value >= rules.get("at_least", -math.inf)
        and value <= rules.get("at_most", math.inf)
        and value > rules.get("above", -math.inf)
        and value < rules.get("below", math.inf)
    )
    if not inside or not (isinstance(value, int) or math.isfinite(value)):
        finite = ["finite"] if isinstance(value, float) else []
        raise ConfigError(f"{name} must be {' and '.join(finite + wanted)}, got {shown(value)}", at_fault(name))


def check_float32(name: str, value: float, settings: Iterable[str] = ()) -> None:
    """Raise unless `value`, rounded to single precision as the kernels take it, is finite and above 0.

    `settings`: which are at fault, where `name` is none.
    """
    try:
        (rounded,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        rounded = math.inf
    if not 0.0 < rounded < math.inf:
        raise ConfigError(
            f"{name} must be above 0 and finite in single precision (1e-45 to 3.4e38), got {value}",
            settings or at_fault(name),
        )
