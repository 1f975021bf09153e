"""A run tells how it goes: its callbacks, and the log.

loop.Run -> Following -> events -> Callbacks
                      -> the logger bierl_fast.run.following: INFO every few seconds, DEBUG every generation
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bierl_fast.config.config import Config
from bierl_fast.errors import counted, one_line
from bierl_fast.evaluation.base import Policy
from bierl_fast.logs import logger
from bierl_fast.run.callbacks import (
    Callbacks,
    CheckpointEvent,
    EndEvent,
    EvaluationEvent,
    GenerationEvent,
    StartEvent,
)
from bierl_fast.run.checkpoint import Counters
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.metrics import Record

log = logger(__name__)
SECONDS = 10.0  # between lines of INFO

PolicyNow = Callable[[], Policy]  # a copy of the centre's


class Following:
    """One run's followers."""

    def __init__(self, config: Config, directory: RunDirectory | None = None, callbacks: Callbacks | None = None):
        """`config` has nothing left open."""
        self._config = config
        self._directory = directory
        self.callbacks = callbacks or Callbacks()
        self._best: float | None = None
        self._saved: int | None = None
        self._said = -float("inf")

    @property
    def stopped(self) -> str | None:
        """Why a callback wants the run to end after this generation; None: it goes on."""
        return self.callbacks.stopped

    def started(self, counters: Counters, records: Sequence[Record], saved: int | None) -> None:
        """The run begins, or goes on; `saved`: generations in the checkpoint that is there."""
        self._best, self._saved = counters.best_return, saved
        config, where = self._config, "" if self._directory is None else f" in {self._directory.path}"
        log.info(
            "%s: %s, meta-level %s, seed %s, after %s%s",
            config.task_name, config.strategy, config.meta, config.seed,
            counted(counters.generation, "generation"), where,
        )  # fmt: skip
        if self.callbacks:
            self.callbacks.tell("at_start", StartEvent(**self._now(counters), records=records))

    def done(self, counters: Counters, record: Record, policy: PolicyNow, saved: int | None) -> None:
        """A generation is done and written down; `saved`: generations in the checkpoint that is there."""
        self._log_generation(record)
        evaluation: dict[str, Any] | None = record["evaluation"]
        best, self._best = counters.best_return != self._best, counters.best_return
        if evaluation is not None:
            log.info("generation %s: evaluated at %s%s", record["generation"], evaluation["mean_return"],
                     ", the best so far" if best else "")  # fmt: skip
        if self.callbacks:
            now, copied = self._now(counters), policy()
            event = GenerationEvent(**now, record=copy.deepcopy(record), policy=copied)
            self.callbacks.tell("after_generation", event)
            if evaluation is not None:
                own = {name: evaluation[name] for name in ("mean_return", "std_return", "episodes", "episode_failures")}
                self.callbacks.tell("after_evaluation", EvaluationEvent(**now, **own, best=best, policy=copied))
        self.saved(counters, saved)

    def saved(self, counters: Counters, saved: int | None) -> None:
        """The checkpoint on disk has this many generations; where that is news it is told."""
        if self._directory is None or saved is None or saved == self._saved:
            return
        self._saved = saved
        log.debug("checkpoint after %s", counted(saved, "generation"))
        if self.callbacks:
            event = CheckpointEvent(
                **self._now(counters), checkpoint=self._directory.checkpoint, policy_file=self._directory.policy
            )
            self.callbacks.tell("at_checkpoint", event)

    def ended(
        self, counters: Counters, policy: PolicyNow, error: BaseException | None = None, finished: bool = False
    ) -> None:
        """The run ends: by `error`, which a second error is noted on, at its planned end, or because it was stopped."""
        if error is not None:
            how = "failed" if isinstance(error, Exception) else "interrupted"
            reason = one_line(error) if how == "failed" else ""
        else:
            how, reason = ("finished", "") if finished else ("stopped", self.stopped or "")
        log.info("%s after %s, %s steps%s", how, counted(counters.generation, "generation"),
                 f"{counters.env_steps:,}", f": {reason}" if reason else "")  # fmt: skip
        if self.callbacks:
            event = EndEvent(
                **self._now(counters), how=how, reason=reason, best_return=counters.best_return, policy=policy()
            )
            self.callbacks.at_end(event, error)

    def _now(self, counters: Counters) -> dict[str, Any]:
        where: Path | None = None if self._directory is None else self._directory.path
        return {
            "config": self._config,
            "run_dir": where,
            "generation": counters.generation - 1,
            "env_steps": counters.env_steps,
            "_stop": self.callbacks.stop,
        }

    def _log_generation(self, record: Record) -> None:
        now = time.monotonic()
        level = logging.INFO if now - self._said >= SECONDS else logging.DEBUG
        if level == logging.INFO:
            self._said = now
        log.log(level, "generation %s: mean return %s, sigma %s, learning rate %s, %s steps", record["generation"],
                record["mean_return"], record["sigma"], record["learning_rate"], record["env_steps"])  # fmt: skip
