"""Runs on this machine, each in a process of its own.

    RunJob -> Processes.start -> RunProcess

A fresh interpreter for each run, never a fork: it shares no thread, no random state and no memory with the next, and a
crash ends that run alone. A process is held by its standard input (see harness.py): letting go of it interrupts the
run, and the system lets go when this process ends, however it ends, so no run outlives the comparison.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path
from typing import Any

from bierl_fast.comparison.run_job import Begun, RunJob
from bierl_fast.evaluation.pool.process import ENVIRONMENT

CODE = "import json, sys; sys.path[:] = {path!r}; from {worker} import main; sys.exit(main(json.loads(sys.argv[1])))"


class HeldProcess:
    """A run's process, and the hold on it."""

    def __init__(self, job: dict[str, Any], worker: str, log: Path, folder: str | None = None) -> None:
        """`job` is what `worker`'s main takes; its standard error goes to `log`; `folder` is where it works."""
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CODE.format(path=sys.path, worker=worker), json.dumps(job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env={**os.environ, **ENVIRONMENT},
                cwd=folder,
                process_group=0,  # out of the terminal's reach: the parent alone decides on Ctrl-C
            )

    def fileno(self) -> int:
        """The file descriptor its messages come from."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def read(self) -> bytes:
        """What it says next; nothing when it will say no more."""
        return os.read(self.fileno(), 2**16)

    def let_go(self) -> None:
        """Interrupt it, as by Ctrl-C."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()

    def ask(self, what: str) -> None:
        """See Begun.ask."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended, or was let go of
            os.write(self.process.stdin.fileno(), f"{what}\n".encode())

    def exit_code(self) -> int:
        """Once it has ended."""
        code = self.process.wait()
        self.let_go()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


class RunProcess(Begun):
    """A run in a process of this machine."""

    def __init__(self, task: RunJob) -> None:
        super().__init__(task)
        self._held = HeldProcess(task.begin(), task.worker, task.log)

    def fileno(self) -> int:
        """See HeldProcess."""
        return self._held.fileno()

    def hear(self) -> bool:
        """See Begun."""
        data = self._held.read()
        self.take(data)
        return bool(data)

    def ask(self, what: str) -> None:
        """See Begun."""
        self._held.ask(what)

    def let_go(self) -> None:
        """See Begun."""
        self._held.let_go()

    def wait(self, seconds: float) -> bool:
        """See Begun."""
        with suppress(subprocess.TimeoutExpired):
            self._held.process.wait(seconds)
        return self._held.process.poll() is not None

    def kill(self) -> None:
        """See Begun."""
        self._held.process.kill()

    def _exit_code(self) -> int:
        return self._held.exit_code()


class Processes:
    """So many of them at a time. See Place."""

    def __init__(self, jobs: int) -> None:
        self.room = jobs

    def start(self, task: RunJob) -> RunProcess:
        """See Place."""
        return RunProcess(task)

    def speaking(self, runs: Sequence[RunProcess], seconds: float) -> Sequence[RunProcess]:
        """See Place."""
        channels = {run.fileno(): run for run in runs}
        return [channels[each] for each in connection.wait(list(channels), seconds) if isinstance(each, int)]

    def close(self) -> None:
        """See Place."""
