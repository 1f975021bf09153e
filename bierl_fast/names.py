"""Names chosen from a table: the nearest one is offered when a name is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from bierl_fast.errors import UnknownNameError

T = TypeVar("T")


def unknown(kind: str, name: str, known: Iterable[str], settings: Iterable[str] = ()) -> UnknownNameError:
    """The error for `name`, which is none of `known`: wanted, came, and the nearest known name; of which `settings`."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"no {kind} named {name!r}; known: {', '.join(names)}{hint}", settings)


def choice(kind: str, name: str, known: Collection[str], settings: Iterable[str] = ()) -> str:
    """`name`, which is one of `known`; else `unknown`."""
    if name not in known:
        raise unknown(kind, name, known, settings)
    return name


def lookup(kind: str, name: str, table: Mapping[str, T], settings: Iterable[str] = ()) -> T:
    """table[name], which is there; else `unknown`."""
    return table[choice(kind, name, table, settings)]
