"""A run's records in little memory: about a quarter of a kilobyte a generation, where dictionaries take ten times that.

record -> append -> blocks of compressed JSON -> index, slice, iteration -> records, equal to what was appended
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from bierl_fast.turns import TakesTurns

Record = dict[str, Any]

BLOCK = 128  # records: more compress no better, and one that is asked for costs a block
FASTEST = 1  # of zlib's levels; what does not repeat are the digits of floats, and no level finds more in those


class Records(TakesTurns, Sequence[Record], called="sequence of records"):
    """Records in order, as metrics.jsonl has them: strict JSON, made anew whenever they are asked for.

    A slice is a list. Equal to any sequence of equal records.

    Args:
        records: the first ones.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._blocks: list[bytes] = []
        self._last: list[Record] = []  # of a block that is not yet full
        self._opened: tuple[int, list[Record]] = (-1, [])  # a block that was read last
        for record in records:
            self.append(record)

    def append(self, record: Record) -> None:
        """Take in one more; it is not to be changed afterwards."""
        self._last.append(record)
        if len(self._last) == BLOCK:
            self._blocks.append(zlib.compress(json.dumps(self._last).encode(), FASTEST))
            self._last = []

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._last)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        """The record at a place, or a list of those of a slice."""
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self._at(place) for place in places]
        return self._at(places)

    def _at(self, place: int) -> Record:
        number, within = divmod(place, BLOCK)
        if number == len(self._blocks):
            return self._last[within]
        if self._opened[0] != number:
            self._opened = (number, self._read(self._blocks[number]))
        return self._opened[1][within]

    @staticmethod
    def _read(block: bytes) -> list[Record]:
        records: list[Record] = json.loads(zlib.decompress(block))
        return records

    def __iter__(self) -> Iterator[Record]:
        for block in self._blocks:
            yield from self._read(block)
        yield from self._last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return f"<{len(self)} records>"

    def __getstate__(self) -> dict[str, Any]:
        return {"_blocks": self._blocks, "_last": self._last, "_opened": (-1, [])}
