"""What a run leaves behind: metrics, checkpoints, the policy; and word to whoever watches.

Record, Snapshot -> Recorder -> metrics.jsonl, checkpoint.npz, policy.npz, policies/, observer
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from bierl_fast.config.config import Config
from bierl_fast.errors import naming
from bierl_fast.evaluation.base import Policy
from bierl_fast.run import checkpoint
from bierl_fast.run.checkpoint import Checkpoint
from bierl_fast.run.compact import Records
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.interruption import Writing
from bierl_fast.run.metrics import MetricsFile, Record, strict

Observer = Callable[[Record], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at the end of a generation, as copies: what is saved, whenever that happens."""

    checkpoint: Checkpoint
    policy: Policy


class Recorder:
    """Keeps a run's records and, given a directory, its files.

    The metrics of a generation are on disk before the checkpoint that counts on them, so a run that dies at
    any moment leaves at least the lines its checkpoint needs; `resume` drops the others.
    """

    def __init__(
        self,
        config: Config,
        directory: RunDirectory | None = None,
        observer: Observer | None = None,
        records: Iterable[Record] = (),
        best_policy: Policy | None = None,
    ) -> None:
        """`records` and `best_policy` are those of the run so far."""
        self.records = Records(records)
        self.best_policy = best_policy  # of the reporting evaluations
        self._config = config
        self._directory = directory
        self._observer = observer
        self._metrics = MetricsFile(directory.metrics) if directory else None
        self._snapshot: Snapshot | None = None
        self._saved: int | None = None  # generations in the checkpoint on disk
        self._saved_at = time.monotonic()
        self.writing = Writing(self.save)

    def start(self, take: Callable[[], Snapshot], saved: int | None) -> None:
        """Hold the run's state before its next generation; `saved`: generations in its checkpoint, if any."""
        self._saved = saved
        if self._directory is not None:
            self._snapshot = take()
            self.save()

    @property
    def saved(self) -> int | None:
        """Generations in the checkpoint on disk; None without one."""
        return self._saved

    def write(self, record: Record, take: Callable[[], Snapshot]) -> Record:
        """Write one generation down: metrics always, a checkpoint when its time has come. The record as written."""
        record = strict(record)
        if self._metrics is not None:
            with self.writing:
                self._metrics.append(record)
                self._snapshot = take()
            self._keep_at_intervals(self._snapshot)
        self.records.append(record)
        if time.monotonic() - self._saved_at >= self._config.checkpoint_seconds:
            self.save()
        if self._observer is not None:
            self._observer(record)
        return record

    def _keep_at_intervals(self, snapshot: Snapshot) -> None:
        """The policy as a file that stays, every so many generations; a resumed run writes the same again."""
        generations, interval = snapshot.checkpoint.counters.generation, self._config.policy_interval
        if self._directory is not None and interval and generations % interval == 0:
            file = self._directory.kept_policy(generations)
            with naming(file):
                file.parent.mkdir(exist_ok=True)
                snapshot.policy.save(file)

    def keep(self, policy: Policy) -> None:
        """Hold, and write down, the policy that evaluated best so far."""
        self.best_policy = policy
        if self._directory is not None:
            with naming(self._directory.best_policy):
                policy.save(self._directory.best_policy)

    def save(self) -> bool:
        """Write checkpoint and policy of the last completed generation, unless they are there; whether there is one."""
        if self._directory is None or self._metrics is None or self._snapshot is None:
            return False
        self._saved_at = time.monotonic()
        generation = self._snapshot.checkpoint.counters.generation
        if generation == self._saved:
            return True
        with self.writing:
            self._metrics.sync()
            # The policy first: no checkpoint at a run's end stands beside an older policy.
            with naming(self._directory.policy):
                self._snapshot.policy.save(self._directory.policy)
            with naming(self._directory.checkpoint):
                checkpoint.save(self._directory.checkpoint, self._config, self._snapshot.checkpoint)
            self._saved = generation
        return True

    def rescue(self, error: BaseException) -> None:
        """Save what can be saved while `error` ends the run; a second error becomes a note on the first."""
        try:
            self.save()
        except BaseException as second:  # a second Ctrl-C too: the first error tells of both
            place = self._directory.checkpoint if self._directory else "the checkpoint"
            error.add_note(f"and {place} could not be brought up to date: {str(second) or type(second).__name__}")
        with suppress(OSError):  # buffered lines that do not fit: `error` says what went wrong
            self.close()

    def close(self) -> None:
        """Close the files."""
        if self._metrics is not None:
            self._metrics.close()
