"""Tables and lists that stay as they are, inside an immutable object: dicts and lists to all others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from bierl_fast.errors import ArgumentTypeError


def _refused(self: object, *_: Any, **__: Any) -> NoReturn:
    raise ArgumentTypeError("the settings of a Config stay as they are: make another with config.replace(...)")


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed."""

    __setitem__ = __delitem__ = __ior__ = _refused
    clear = pop = popitem = setdefault = update = _refused

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refused
    append = clear = extend = insert = pop = remove = reverse = sort = _refused

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)


def frozen(value: Any) -> Any:
    """`value` with every dict and list in it frozen."""
    if isinstance(value, dict):
        return FrozenDict({name: frozen(item) for name, item in value.items()})
    return FrozenList(map(frozen, value)) if isinstance(value, list) else value
