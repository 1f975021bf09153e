"""README and the pages of docs/, as the tests read them.

Markdown -> Page -> blocks of code, links, headings
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\{?[\w-]*\}?)(?: [^\n]*)?\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One block of code."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block is, where its first line says so: `# reach.py`, `<!-- reach.xml -->`."""
        found = re.match(r"(?:#|<!--) ([\w-]+\.\w+)(?: -->)?\n", self.text)
        return found[1] if found else None


@dataclass(frozen=True)
class Page:
    """One page."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks."""
        return FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        return [Block(language, text) for language, text in FENCE.findall(self.text)]

    def commands(self) -> list[str]:
        """The lines of its console blocks that are typed, without their prompt; what a backslash continues is one."""
        texts = [block.text.replace("\\\n", "") for block in self.blocks if block.language == "console"]
        lines = [line for text in texts for line in text.splitlines()]
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]

    @property
    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link may have behind its #, as GitHub makes it of the headings."""
        headings = re.findall(r"^#{1,6} (.+)$", self.prose, flags=re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


README = Page(ROOT / "README.md")
PAGES = [README, *(Page(path) for path in sorted((ROOT / "docs").glob("*.md")))]


def page(name: str) -> Page:
    """The page docs/NAME.md."""
    return Page(ROOT / "docs" / f"{name}.md")
