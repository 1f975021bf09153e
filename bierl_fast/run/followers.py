"""Whoever follows a run that is to be made: an observer, callbacks, and the loggers in its settings.

Config, RunDirectory -> Followers -> run -> Run
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bierl_fast.config.config import Config
from bierl_fast.evaluation.base import Policy
from bierl_fast.run import build, checkpoint, metrics
from bierl_fast.run.callbacks import Callback, Callbacks
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.following import Following
from bierl_fast.run.loop import Run
from bierl_fast.run.record import Observer, Recorder
from bierl_fast.run.to_loggers import to_loggers


class Followers:
    """See the module. Made before anything of the run is, so that what cannot follow is refused at once."""

    def __init__(
        self, config: Config, directory: RunDirectory | None, observer: Observer | None, callbacks: Sequence[Callback]
    ) -> None:
        """Raises as Callbacks and to_loggers do."""
        self._observer = observer
        self._callbacks = Callbacks([*callbacks, *to_loggers(config, directory)])

    def run(
        self,
        parts: build.Parts,
        directory: RunDirectory | None,
        counters: checkpoint.Counters,
        meta_seconds: float = 0.0,
        records: Iterable[metrics.Record] = (),
        best: Policy | None = None,
    ) -> Run:
        """A run that they follow; `records` and `best` are of the run so far."""
        recorder = Recorder(parts.config, directory, self._observer, records, best)
        following = Following(parts.config, directory, self._callbacks)
        return Run(parts, recorder, counters, meta_seconds, following)
