"""The display of `bierl train` and `bierl resume`: live on a terminal, plain lines elsewhere, nothing when quiet.

events of a run -> Display -> a table that is drawn again, or lines
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bierl_fast.config.config import Config
from bierl_fast.run.callbacks import EndEvent, GenerationEvent, StartEvent
from bierl_fast.run.progress import Progress, return_text

if TYPE_CHECKING:
    from types import TracebackType

    from rich.live import Live
    from rich.table import Table

GAP = 2  # columns between two numbers of the live display


class Display(Progress):
    """Follows a run; a context manager around it."""

    def __init__(
        self, config: Config, directory: Path, quiet: bool = False, verbose: bool = False, first: str = ""
    ) -> None:
        """`first`: a line to print before all others."""
        super().__init__(verbose=verbose)
        self.config = config
        self._first = first
        self.directory = directory
        self.quiet = quiet
        self._live: Live | None = None
        self._announced = False

    def __enter__(self) -> Display:
        if not self.quiet and sys.stdout.isatty():
            from rich.live import Live  # noqa: PLC0415 - rich takes 0.05 s

            self._live = Live(refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        self._print_pending()

    def at_start(self, event: StartEvent) -> None:
        """Say where its files are."""
        if self.quiet:
            return
        self._announce()
        self._print_pending()  # of the warm start
        super().at_start(event)

    def after_generation(self, event: GenerationEvent) -> None:
        """Show one generation."""
        if not self.quiet:
            super().after_generation(event)

    def at_end(self, event: EndEvent) -> None:
        """Nothing yet: the last one is shown when the display ends."""

    def warm_start(self, record: dict[str, Any]) -> None:
        """Show one generation on the warm start's task, before the run's own."""
        if self.quiet:
            return
        now, steps = time.monotonic(), record["env_steps"]
        rate = steps / (now - self._began) if now > self._began else 0.0
        self._announce()
        self._show(
            {
                "warm start": str(self.config.warm_start_task),
                "generations": str(record["generation"] + 1),
                "return": return_text(record["mean_return"]),
                "steps": f"{steps:,}/{self.config.warm_start_limit:,}",
                "steps/s": f"{rate:,.0f}" if rate else "-",
            }
        )

    def _announce(self) -> None:
        if not self._announced:
            print(f"{self._first}\n" * bool(self._first) + f"run directory: {self.directory}", flush=True)
            self._announced = True

    def _show(self, facts: dict[str, str]) -> None:
        if self._live is None:
            super()._show(facts)
        else:
            self._live.update(_table(facts, self._live.console.width))


def _columns(facts: dict[str, str], width: int) -> int:
    """As many as fit beside each other."""
    sizes = [max(len(name), len(value)) for name, value in facts.items()]
    for columns in range(len(sizes), 1, -1):
        widest = [max(sizes[start::columns]) for start in range(columns)]
        if sum(widest) + GAP * columns <= width:
            return columns
    return 1


def _table(facts: dict[str, str], width: int) -> Table:
    from rich.table import Table  # noqa: PLC0415 - rich takes 0.05 s

    table, columns = Table.grid(padding=(0, GAP)), _columns(facts, width)
    for _ in range(columns):
        table.add_column(justify="right", no_wrap=True)
    names = list(facts)
    for some in (names[start : start + columns] for start in range(0, len(names), columns)):
        table.add_row(*(f"[dim]{name}[/dim]" for name in some))
        table.add_row(*(facts[name] for name in some))
    return table
