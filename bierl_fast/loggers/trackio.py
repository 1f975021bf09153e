"""Trackio: numbers on this machine (TRACKIO_DIR), or in a Space (TRACKIO_SPACE_ID).

A run is known by its name there, so that has the run's ident in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bierl_fast.loggers.base import FILM, LogRun, Place
from bierl_fast.optional import optional


class Trackio:
    """One run of Trackio's; its step is env steps."""

    def __init__(self, run: LogRun) -> None:
        trackio = self._trackio = optional("trackio", "trackio", "log 'trackio'")
        self._run: Any = trackio.init(
            project=run.project,
            name=f"{run.name}-{run.ident}",
            config=dict(run.hyperparameters),
            resume="allow",
            embed=False,
        )

    def numbers(self, numbers: Mapping[str, float], at: Place) -> None:
        """One row."""
        self._run.log(dict(numbers), step=at.env_steps)

    def film(self, path: Path, at: Place) -> None:
        """A video."""
        video = self._trackio.Video(str(path), caption=f"generation {at.generation}")
        self._run.log({FILM: video}, step=at.env_steps)

    def close(self) -> None:
        """Send what is left."""
        self._run.finish()
