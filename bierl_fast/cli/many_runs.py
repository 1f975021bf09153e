"""What commands of many runs share, a comparison and a sweep: where the runs are done, and how they stand.

news, done, total, facts -> Standing.show -> the terminal: a bar there, plain lines elsewhere
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

from bierl_fast.cli.parameters import SettingType
from bierl_fast.run.progress import LINE_SECONDS

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, ProgressColumn, TaskID


jobs_option = click.option(
    "--jobs", type=SettingType(int), help="runs side by side, each on one core [default: the cores, or the cluster's]"
)
ray_option = click.option(
    "--ray-address",
    "ray",
    type=SettingType(str),
    help="do the runs on a Ray cluster: its HOST:PORT; auto: the one that this machine is a node of; local: one of "
    "this machine alone [default: none, but processes of this machine]",
)


class Standing:
    """A context manager around the runs; whoever observes them calls `show`."""

    def __init__(self, what: str, *, remaining: bool = False) -> None:
        """`what`: is counted. `remaining`: whether the time left can be told from it."""
        self._what = what
        self._remaining = remaining
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._printed = -float("inf")

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich import progress  # noqa: PLC0415 - rich takes 0.05 s

            left: list[ProgressColumn] = [progress.TimeRemainingColumn()] if self._remaining else []
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.TaskProgressColumn(),
                progress.TextColumn("{task.fields[facts]}"),
                progress.TimeElapsedColumn(),
                *left,
                speed_estimate_period=600.0,  # runs of different speeds alternate
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, news: str | None, done: int, total: int, facts: str, line: str) -> None:
        """`news`: at once, where there is some; else the bar with its `facts`, or every few seconds the `line`."""
        if self._bar is None:
            if news is not None:
                print(news, flush=True)
            elif time.monotonic() - self._printed >= LINE_SECONDS:
                self._printed = time.monotonic()
                print(line, flush=True)
            return
        if news is not None:
            self._bar.console.print(news, markup=False, highlight=False)
        if self._task is None:
            self._task = self._bar.add_task(self._what, total=total, facts=facts)
        self._bar.update(self._task, completed=done, facts=facts)
