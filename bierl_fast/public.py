"""What is given is what was asked for: arguments of public functions and classes, looked at by their annotations.

    @public                      of a function, or of a class: its constructor and its public methods
    @public(but=("act",))        without these methods, which are called too often or look for themselves
    @public(numbers=False)       numbers are the function's own affair: it reads them as settings
    @public(arrays=True)         that an array is one, too

Looked at are objects of this package, functions, names, paths, tables and numbers; arrays are where they are used, and
what Python itself refuses, a call that no signature takes, stays Python's. A docstring without a word of that gets it.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import types
import typing
from collections import abc
from collections.abc import Callable, Collection, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from bierl_fast.errors import ArgumentTypeError, shown

T = TypeVar("T")
Check = Callable[[Any], bool]
LARGEST = 2**1023  # of integers: beyond every number that means something, and floats


def _is_integer(value: Any) -> bool:
    if type(value) is int:  # what mostly comes: abstract classes take a microsecond to ask
        return -LARGEST < value < LARGEST
    return isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) < LARGEST


def _is_number(value: Any) -> bool:
    if type(value) is float:
        return True
    if isinstance(value, int):
        return _is_integer(value)
    return isinstance(value, Real) or getattr(value, "shape", None) == ()


def _is_list(value: Any) -> bool:
    scalar = getattr(value, "shape", None) == ()  # of NumPy, which says that it iterates
    return isinstance(value, abc.Iterable) and not isinstance(value, str | bytes | Mapping) and not scalar


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


WRITTEN = {  # how one is made, for errors
    "Config": "bf.Config(task='Hopper-v5', generations=100)",
    "NoiseKey": "bf.NoiseKey(run_seed=0, generation=0)",
    "Hyperparameters": "bf.Hyperparameters(sigma=0.02)",
    "Population": "what a strategy's ask gives",
    "EvaluationBatch": "what an evaluator's evaluate gives",
    "Trained": "what bf.train gives",
}
A_DICT: tuple[str, Check] = ("a dict", lambda value: isinstance(value, Mapping))
TABLE: tuple[str, Check] = ("a dict with names as keys", _is_table)
RAISES = "Raises:\n"
PLAIN: dict[Any, tuple[str, Check]] = {
    int: ("an integer", _is_integer),
    float: ("a number", _is_number),
    bool: ("True or False", lambda value: isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}),
    str: ("a string", lambda value: isinstance(value, str)),
    Path: ("a path", lambda value: isinstance(value, os.PathLike)),
    os.PathLike: ("a path", lambda value: isinstance(value, os.PathLike)),
    types.NoneType: ("None", lambda value: value is None),
    abc.Callable: ("a function", callable),
    abc.Mapping: A_DICT,
    dict: A_DICT,
    abc.Sequence: ("a list", _is_list),
    tuple: ("a tuple", _is_list),
    list: ("a list", _is_list),
    abc.Iterator: ("an iterator", lambda value: isinstance(value, abc.Iterator)),
}


@typing.overload
def public(thing: T, /) -> T: ...


@typing.overload
def public(*, but: Collection[str] = (), numbers: bool = True, arrays: bool = False) -> Callable[[T], T]: ...


def public(thing: Any = None, /, *, but: Collection[str] = (), numbers: bool = True, arrays: bool = False) -> Any:
    """See the module. ArgumentTypeError, in one line, for an argument of another kind than is written there."""
    if thing is None:
        return functools.partial(_public, but=but, numbers=numbers, arrays=arrays)
    return _public(thing, but, numbers, arrays)


def _public(thing: Any, but: Collection[str], numbers: bool, arrays: bool) -> Any:
    if not isinstance(thing, type) or "__init__" in vars(thing):
        thing.__doc__ = _told(thing.__doc__)
    if not isinstance(thing, type):
        return _watched(thing, numbers, arrays)
    for name, method in list(vars(thing).items()):
        if name in but or (name.startswith("_") and name != "__init__"):
            continue
        if isinstance(method, classmethod | staticmethod):
            setattr(thing, name, type(method)(_watched(method.__func__, numbers, arrays)))
        elif inspect.isfunction(method):
            setattr(thing, name, _watched(method, numbers, arrays))
    return thing


def _told(doc: str | None) -> str:
    """A docstring that says what an argument of another type raises."""
    kind, doc = ArgumentTypeError.__name__, inspect.cleandoc(doc or "")
    if kind in doc:
        return doc
    line = f"    {kind}: an argument of another type."
    if RAISES in doc:
        return doc.replace(RAISES, f"{RAISES}{line}\n", 1)
    return f"{doc}\n\n{RAISES}{line}"


def _watched(function: Callable[..., Any], numbers: bool, arrays: bool) -> Callable[..., Any]:
    """The function, whose arguments are looked at before it is called."""
    if getattr(function, "_looked_at", False):
        return function
    known: list[tuple[list[tuple[str, Any] | None], dict[str, Any], Any, Any]] = []  # found at the first call

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if not known:
            known.append(_wanted(function, numbers, arrays))
        places, names, others, further = known[0]
        for place, value in zip(places, args, strict=False):
            if place is not None and not place[1][1](value):
                raise _refused(place[0], place[1][0], value)
        if further is not None:
            for value in args[len(places) :]:
                if not further[1][1](value):
                    raise _refused(further[0], further[1][0], value, several=True)
        for name, value in kwargs.items():
            wanted = names.get(name, others)
            if wanted is not None and not wanted[1](value):
                raise _refused(name, wanted[0], value)
        return function(*args, **kwargs)

    watched._looked_at = True  # type: ignore[attr-defined]
    return watched


def _refused(name: str, wanted: str, value: Any, several: bool = False) -> ArgumentTypeError:
    one = wanted.endswith("a list") and isinstance(value, str | int | float)  # of what there may be several
    remedy = f"; give [{shown(value)}]" if one else ""
    if several and isinstance(value, list | tuple):
        remedy = "; give each as an argument of its own, with a * before the list"
    return ArgumentTypeError(f"{name} must be {wanted}, got {shown(value)}{remedy}", [name])


def _wanted(
    function: Callable[..., Any], numbers: bool, arrays: bool
) -> tuple[list[tuple[str, Any] | None], dict[str, Any], tuple[str, Check] | None, tuple[str, Any] | None]:
    """What is wanted of arguments by place, by name, of other keywords and of further places; None: nothing is."""
    inner = inspect.unwrap(function)
    places: list[tuple[str, Any] | None] = []
    names: dict[str, Any] = {}
    others = further = None
    for parameter in inspect.signature(inner, follow_wrapped=False).parameters.values():
        hint = _evaluated(parameter.annotation, inner)
        wanted = None if not numbers and _has_numbers(hint) else _check_of(hint, arrays)
        if wanted is not None and parameter.default is None and not wanted[1](None):
            wanted = None
        if parameter.kind is parameter.VAR_KEYWORD:
            others = wanted
        elif parameter.kind is parameter.VAR_POSITIONAL:
            further = None if wanted is None else (parameter.name, wanted)
        else:
            names[parameter.name] = wanted
            if parameter.kind is not parameter.KEYWORD_ONLY:
                places.append(None if wanted is None else (parameter.name, wanted))
    return places, names, others, further


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """The annotation; Any where it names what is there for type checkers alone."""
    if not isinstance(annotation, str):
        return annotation
    home = sys.modules.get(function.__module__)
    try:
        return eval(annotation, {**vars(typing), **(vars(home) if home else {}), **function.__globals__})
    except Exception:  # whatever an annotation holds
        return Any


def _parts(hint: Any) -> tuple[Any, ...]:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return tuple(part for each in typing.get_args(hint) for part in _parts(each)) if union else (hint,)


def _has_numbers(hint: Any) -> bool:
    """Whether a number is taken, or a tuple of them, such as layer sizes."""
    parts = _parts(hint)
    of_tuples = [each for part in parts if typing.get_origin(part) is tuple for each in typing.get_args(part)]
    return any(part in {int, float} for part in (*parts, *of_tuples) if isinstance(part, type))


def _check_of(hint: Any, arrays: bool) -> tuple[str, Check] | None:
    """In words, and as a test; None where a part of it cannot be looked at."""
    found = [_check_of_one(part, arrays) for part in _parts(hint)]
    checks = [check for check in found if check is not None]
    if len(checks) < len(found):
        return None
    if len(checks) == 1:
        return checks[0]
    texts = dict.fromkeys(text for text, _ in checks)
    return " or ".join(texts), lambda value: any(test(value) for _, test in checks)


def _check_of_one(hint: Any, arrays: bool) -> tuple[str, Check] | None:
    origin = typing.get_origin(hint) or hint
    if hint is None:
        return PLAIN[types.NoneType]
    if origin in PLAIN:
        return TABLE if PLAIN[origin] is A_DICT and typing.get_args(hint)[:1] == (str,) else PLAIN[origin]
    if arrays and getattr(origin, "__module__", "") == "numpy" and origin.__name__ == "ndarray":
        return "a numpy array", lambda value: isinstance(value, origin)
    if not isinstance(origin, type) or origin.__module__.partition(".")[0] != __name__.partition(".")[0]:
        return None
    name = origin.__name__
    called = "Result" if name == "Trained" else name
    text = f"{'an' if called[0] in 'AEIO' else 'a'} {called}"
    if name in WRITTEN:
        text += f" ({WRITTEN[name]})"
    if getattr(origin, "_is_protocol", False):
        return text, _has_members(origin)
    accepted = getattr(origin, "taken_for", origin)
    return text, lambda value: isinstance(value, accepted)


def _has_members(protocol: type) -> Check:
    """Whether a value has one of a protocol's methods; or all of its data, which may take time, where it has none."""
    members = {name: each for base in protocol.__mro__ for name, each in vars(base).items() if name[0] != "_"}
    methods = [name for name, each in members.items() if callable(each)]
    held = [name for name, each in members.items() if isinstance(each, property)]
    held += [name for base in protocol.__mro__ for name in vars(base).get("__annotations__", ()) if name[0] != "_"]
    if methods:
        return lambda value: any(hasattr(value, name) for name in methods)
    return lambda value: all(hasattr(value, name) for name in held)
