"""What a page consists of. All texts are plain: whatever they hold is shown as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bierl_fast.picture.charts import Chart


@dataclass(frozen=True, slots=True)
class Tile:
    """One number that matters: what it is, how much, and a word more."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Numbers side by side."""

    tiles: Sequence[Tile]
    kind = "tiles"


@dataclass(frozen=True, slots=True, eq=False)
class Charts:
    """Charts that are zoomed together; `along`: what lies along the bottom of all of them."""

    charts: Sequence[Chart]
    along: str
    note: str = ""
    kind = "charts"


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a whole."""

    name: str
    value: str
    share: float  # in [0, 1]


@dataclass(frozen=True, slots=True)
class Shares:
    """A whole and its parts, largest first."""

    title: str
    parts: Sequence[Share]
    kind = "shares"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under a head; all columns but the first `texts` hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    kind = "table"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; those of `marked` stand out."""

    facts: Sequence[tuple[str, str]]
    marked: frozenset[str] = frozenset()
    kind = "facts"


@dataclass(frozen=True, slots=True)
class Code:
    """Text to copy."""

    text: str
    title: str = ""
    kind = "code"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence; one that warns stands out."""

    text: str
    warns: bool = False
    kind = "note"


@dataclass(frozen=True, slots=True)
class Film:
    """A film or a moving picture."""

    data: bytes
    media: str  # its type: video/mp4, image/gif
    caption: str
    kind = "film"


@dataclass(frozen=True, slots=True)
class Fold:
    """What is shown once it is opened."""

    title: str
    blocks: Sequence[Block]
    kind = "fold"


@dataclass(frozen=True, slots=True)
class Pair:
    """Blocks side by side where there is room."""

    blocks: Sequence[Block]
    kind = "pair"


Block = Tiles | Charts | Shares | Table | Facts | Code | Note | Film | Fold | Pair


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page.

    Attributes:
        title: its heading.
        about: a few words each, under the heading.
        state: how it stands, of STATES.
        made: when and by what, for the last line.
    """

    title: str
    sections: Sequence[Section]
    about: Sequence[str] = ()
    state: str = ""
    made: str = ""
    notes: Sequence[Note] = field(default_factory=tuple)
