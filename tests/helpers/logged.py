"""A logger of a test's own, in the table under a name of a real one's."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bierl_fast.loggers.base import LogRun, Place


class FakeLogger:
    """Keeps what it gets; `hold` makes it slow, `fail` broken."""

    def __init__(self) -> None:
        self.run: LogRun | None = None
        self.rows: list[tuple[Mapping[str, float], Place]] = []
        self.films: list[tuple[Path, Place]] = []
        self.closed = False
        self.hold: threading.Event | None = None
        self.fail: BaseException | None = None
        self.fail_at = 0  # calls before it fails
        self.calls = 0

    def __call__(self, run: LogRun) -> FakeLogger:
        self.run = run
        self._act()
        return self

    def _act(self) -> None:
        if self.hold is not None:
            self.hold.wait()
        self.calls += 1
        if self.fail is not None and self.calls > self.fail_at:
            raise self.fail

    def numbers(self, numbers: Mapping[str, float], at: Place) -> None:
        self._act()
        self.rows.append((numbers, at))

    def film(self, path: Path, at: Place) -> None:
        self._act()
        self.films.append((path, at))

    def close(self) -> None:
        self._act()
        self.closed = True


class FakeWandb:
    """As much of the package as is used here; `away` is what init raises."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.starting_step = 0
        self.offline = False
        self.away: Exception | None = None

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802 - the package's own name
        return settings

    def Video(self, path: str, **facts: Any) -> tuple[str, dict[str, Any]]:  # noqa: N802 - likewise
        return (path, facts)

    def setup(self, **_: Any) -> None: ...

    def init(self, **facts: Any) -> FakeWandb:
        if self.away is not None:
            raise self.away
        self.told.append(("init", facts))
        return self

    def define_metric(self, name: str, **facts: Any) -> None:
        self.told.append(("define_metric", name, facts))

    def log(self, row: dict[str, Any], **facts: Any) -> None:
        self.told.append(("log", row, facts))

    def finish(self) -> None:
        self.told.append(("finish",))

    def of(self, what: str) -> list[tuple[Any, ...]]:
        return [each[1:] for each in self.told if each[0] == what]
