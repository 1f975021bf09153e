"""How a run is doing, while it runs.

metrics record -> Progress -> a live display on a terminal, plain lines elsewhere, nothing when quiet
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bierl_fast.config.config import Config

if TYPE_CHECKING:
    from types import TracebackType

    from rich.live import Live
    from rich.table import Table

LINE_SECONDS = 5.0  # between plain lines
COLUMNS = 6  # of the live display, which so fits 80 characters


class Progress:
    """An observer of a run; a context manager around it."""

    def __init__(self, config: Config, directory: Path, quiet: bool = False, first: str = "") -> None:
        """`first`: a line to print before all others."""
        self._config = config
        self._first = first
        self._directory = directory
        self._quiet = quiet
        self._live: Live | None = None
        self._began = time.monotonic()
        self._base: tuple[float, int, int] | None = None  # time, generations, steps at this session's start
        self._warmed: tuple[float, int] | None = None  # time and steps at the warm start's latest generation
        self._announced = False
        self._printed = -float("inf")
        self._pending: dict[str, str] | None = None
        self._latest: dict[str, float] = {}  # diagnostics of the latest meta-update

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stdout.isatty():
            from rich.live import Live  # noqa: PLC0415 - rich takes 0.05 s

            self._live = Live(refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._pending is not None:
            _print_line(self._pending)

    def __call__(self, record: dict[str, Any]) -> None:
        """Show one generation."""
        if self._quiet:
            return
        if self._warmed is not None:
            self._begin_after_warm_start()
        self._show(self._facts(record))

    def warm_start(self, record: dict[str, Any]) -> None:
        """Show one generation on the warm start's task, before the run's own."""
        if self._quiet:
            return
        now, steps = time.monotonic(), record["env_steps"]
        rate = steps / (now - self._began) if now > self._began else 0.0
        self._warmed = (now, steps)
        self._show(
            {
                "warm start": str(self._config.warm_start_task),
                "generation": str(record["generation"] + 1),
                "return": return_text(record["mean_return"]),
                "steps": f"{steps:,}/{self._config.warm_start_limit:,}",
                "steps/s": f"{rate:,.0f}" if rate else "-",
            }
        )

    def _begin_after_warm_start(self) -> None:
        """The run's own rates count from the warm start's end."""
        assert self._warmed is not None
        now, steps = self._warmed
        self._base, self._warmed = (now, 0, steps), None
        if self._pending is not None:
            _print_line(self._pending)
            self._pending = None

    def _show(self, facts: dict[str, str]) -> None:
        if not self._announced:
            print(f"{self._first}\n" * bool(self._first) + f"run directory: {self._directory}", flush=True)
            self._announced = True
        if self._live is not None:
            self._live.update(_table(facts))
            return
        self._pending = facts
        if time.monotonic() - self._printed >= LINE_SECONDS:
            _print_line(facts)
            self._printed = time.monotonic()
            self._pending = None

    def _facts(self, record: dict[str, Any]) -> dict[str, str]:
        done, steps, now = record["generation"] + 1, record["env_steps"], time.monotonic()
        if self._base is None:
            self._base = (self._began, 0, 0) if done == 1 else (now, done, steps)
        since, first_done, first_steps = self._base
        seconds = now - since
        rate = (steps - first_steps) / seconds if seconds > 0 else 0.0
        generations = self._config.generations
        return {
            "generation": f"{done}/{generations}" if generations else str(done),
            "return": return_text(record["mean_return"]),
            "best": return_text(record["max_return"]),
            "center": return_text(record["center_return"]),
            "sigma": number(record["sigma"], ".4g"),
            "learning rate": number(record["learning_rate"], ".4g"),
            "update norm": number(record["update_norm"], ".3g"),
            **self._adapted(record),
            **self._meta(record),
            "steps": f"{steps:,}",
            "steps/s": f"{rate:,.0f}" if rate else "-",
            "left": self._left(done, steps, (done - first_done) / seconds if seconds > 0 else 0.0, rate),
        }

    def _adapted(self, record: dict[str, Any]) -> dict[str, str]:
        """What the meta-level sets besides sigma and learning rate."""
        others = [name for name in self._config.adapt or () if name not in record and self._config.adapts]
        return {name.replace("_", " "): number(record["hyperparameters"].get(name), ".4g") for name in others}

    def _meta(self, record: dict[str, Any]) -> dict[str, str]:
        """What the meta-level costs, how far its latest proposals differed, how well it told them apart, its step."""
        if not self._config.adapts:
            return {}
        facts = {"meta steps": f"{record['meta_steps'] / max(record['env_steps'], 1):.0%}"}
        if self._config.learned:
            latest = self._latest = record["meta"] or self._latest
            spreads = [latest[name] for name in latest if name.startswith("proposal_spread_")]
            facts["spread"] = number(max(spreads, default=None), ".3g")
            facts["signal/noise"] = number(latest.get("signal_to_noise"), ".3g")
            facts["meta norm"] = number(latest.get("update_norm"), ".3g")
        return facts

    def _left(self, done: int, steps: int, generation_rate: float, step_rate: float) -> str:
        ends = (
            (self._config.generations, done, generation_rate),
            (self._config.total_steps, steps, step_rate),
        )
        seconds = [max(0.0, (end - now) / rate) for end, now, rate in ends if end is not None and rate > 0]
        if not seconds:
            return "-"
        minutes, rest = divmod(round(min(seconds)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def return_text(value: float | None) -> str:
    """A return: one decimal from 100 on, four digits below, where a function's last progress would show as 0.0."""
    return number(value, ".1f" if value is not None and abs(value) >= 100.0 else ".4g")


def number(value: float | None, form: str) -> str:
    """A number in this format; a dash where there is none."""
    return "-" if value is None else format(value, form)


def _print_line(facts: dict[str, str]) -> None:
    print("  ".join(f"{name} {value}" for name, value in facts.items()), flush=True)


def _table(facts: dict[str, str]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - rich takes 0.05 s

    table = Table.grid(padding=(0, 2))
    for _ in range(COLUMNS):
        table.add_column(justify="right", no_wrap=True)
    names = list(facts)
    for some in (names[start : start + COLUMNS] for start in range(0, len(names), COLUMNS)):
        table.add_row(*(f"[dim]{name}[/dim]" for name in some))
        table.add_row(*(facts[name] for name in some))
    return table
