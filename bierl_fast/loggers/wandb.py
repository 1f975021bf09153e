"""Weights & Biases. WANDB_MODE=offline keeps everything in the run's directory, for `wandb sync`.

Rows are numbered by generation; those that a killed run had sent already are not sent again by the one that goes on.
How many there are the server knows; offline a file beside them does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bierl_fast.loggers.base import FILM, LogRun, Place
from bierl_fast.optional import optional

X_AXIS = "time/env_steps"
DIGITS = 20
TIMEOUT = "WANDB_INIT_TIMEOUT"
PATIENCE = 30.0  # seconds for its server to answer at first: the process would wait for wandb's own 90 before it ends


class WeightsAndBiases:
    """One run of wandb's."""

    def __init__(self, run: LogRun) -> None:
        wandb = self._wandb = optional("wandb", "wandb", "log 'wandb'")
        run.folder.mkdir(parents=True, exist_ok=True)
        wandb.setup(settings=wandb.Settings(silent=True))  # else it asks for a key, in the middle of a run
        self._run: Any = wandb.init(
            project=run.project,
            name=run.name,
            id=run.ident,
            resume="allow",
            dir=str(run.folder),
            config=dict(run.hyperparameters),
            settings=wandb.Settings(
                silent=True, console="off", **({} if TIMEOUT in os.environ else {"init_timeout": PATIENCE})
            ),
        )
        self._run.define_metric(X_AXIS)
        self._run.define_metric("*", step_metric=X_AXIS)
        self._first = int(self._run.starting_step)
        self._rows = _Rows(run.folder / "rows.txt") if self._run.offline else None
        if self._rows is not None:
            self._first = max(self._first, self._rows.count)

    def numbers(self, numbers: Mapping[str, float], at: Place) -> None:
        """One row."""
        if at.generation < self._first:
            return
        self._run.log(dict(numbers), step=at.generation)
        if self._rows is not None:
            self._rows.note(at.generation + 1)

    def film(self, path: Path, at: Place) -> None:
        """A video, in the row that is under way: rows before it are closed."""
        video = self._wandb.Video(
            str(path), format=path.suffix.removeprefix("."), caption=f"generation {at.generation}"
        )
        self._run.log({FILM: video}, commit=False)

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()
        if self._rows is not None:
            self._rows.close()


class _Rows:
    """How many rows there are, in a file that a killed run leaves as it was."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b" if path.exists() else "x+b", buffering=0)
        written = self._file.read(DIGITS)
        self.count = int(written) if written.isdigit() else 0

    def note(self, count: int) -> None:
        self._file.seek(0)
        self._file.write(b"%0*d\n" % (DIGITS, count))

    def close(self) -> None:
        self._file.close()
