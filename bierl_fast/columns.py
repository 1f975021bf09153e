"""Tables as text: every cell as wide as its column.

rows of texts -> padded -> the same rows, to be joined by whatever stands between columns
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def padded(table: Sequence[Sequence[str]], left: Collection[int] = ()) -> list[list[str]]:
    """The cells of a table, filled up with spaces; columns in `left` begin with their text, the others end with it."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        [
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in table
    ]


def lines(table: Sequence[Sequence[str]], left: Collection[int] = (), indent: str = "") -> list[str]:
    """The table `padded`, a line for each row, without spaces at its end."""
    return [f"{indent}{'  '.join(row)}".rstrip() for row in padded(table, left)]
