"""Names chosen from a table: the nearest one is offered when a name is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from bierl_fast.errors import ArgumentTypeError, UnknownNameError, shown

T = TypeVar("T")

LISTED = 12  # names that are all listed in an error
SOME = 6  # of more


def nearest(name: str, known: Iterable[str], also: Mapping[str, str] | None = None) -> str | None:
    """The known name that is meant by `name`, by its other names in use or by its letters; None: there is none near."""
    name, names = str(name), list(known)
    plain = name.lower().replace("-", "_")
    for meant in ((also or {}).get(plain), plain):
        if meant in names:
            return meant
    lower = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    return lower[near[0]] if near else None


def listed(known: Iterable[str]) -> str:
    """The known names in one line; where they are many, some of them."""
    names = sorted(known)
    if len(names) <= LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:SOME])} and {len(names) - SOME} more"


def unknown(
    kind: str,
    name: str,
    known: Iterable[str],
    settings: Iterable[str] = (),
    also: Mapping[str, str] | None = None,
) -> UnknownNameError:
    """The error for `name`, which is none of `known`: came, the nearest known name, and what there is.

    `settings` are those at fault; `also`: other names in use for some of `known`.
    """
    names = list(known)
    near = nearest(name, names, also)
    hint = f"did you mean {near!r}? " if near else ""
    there_is = f"known: {listed(names)}" if names else "there is none"
    return UnknownNameError(f"no {kind} named {name!r}; {hint}{there_is}", settings)


def choice(kind: str, name: str, known: Collection[str], settings: Iterable[str] = ()) -> str:
    """`name`, which is one of `known`; else `unknown`, or ArgumentTypeError where it is no string."""
    if not isinstance(name, str):
        raise ArgumentTypeError(f"{kind}: a name is wanted, got {shown(name)}", settings)
    if name not in known:
        raise unknown(kind, name, known, settings)
    return name


def lookup(kind: str, name: str, table: Mapping[str, T], settings: Iterable[str] = ()) -> T:
    """table[name], which is there; else `unknown`."""
    return table[choice(kind, name, table, settings)]
