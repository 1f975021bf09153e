"""How a run stands: one vocabulary, and one answer, from its files.

run directory, its settings -> state_of -> RUNNING, FINISHED or INTERRUPTED, and Counters; the error of a DAMAGED one
"""

from __future__ import annotations

from bierl_fast.config.config import Config
from bierl_fast.errors import RunDirectoryError
from bierl_fast.files import is_locked
from bierl_fast.run import checkpoint
from bierl_fast.run.checkpoint import Counters
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loop import ended

RUNNING = "running"  # in some process of this machine
FINISHED = "finished"  # at its planned end
INTERRUPTED = "interrupted"  # before it, so that `resume` goes on, or begins it
DAMAGED = "damaged"  # a file cannot be read, or is gone


def state_of(directory: RunDirectory, config: Config) -> tuple[str, Counters]:
    """How a run stands, and what it has saved; lines behind its checkpoint are not done.

    Raises:
        RunDirectoryError, CheckpointError: it is damaged; the text says how.
        OSError: the system refuses to read it.
    """
    running = is_locked(directory.path)
    saved = checkpoint.counters(directory.checkpoint) if directory.checkpoint.exists() else None
    if saved is None and directory.learned and not running:
        raise RunDirectoryError("its checkpoint.npz is gone")
    done = saved or Counters()
    return RUNNING if running else FINISHED if ended(config, done) else INTERRUPTED, done
