"""One episode on film now and then, by `bierl record` in a process beside the run: what draws may take long, or crash.

policy.npz -> Filming.begin -> bierl record -> film -> whoever is to get it
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parents[2]
NICE = 10
Save = Callable[[Path], None]  # writes the policy
Deliver = Callable[[Path], None]  # takes the film, of one kind


class Filming:
    """At most one film at a time is being made; nothing but `close` waits."""

    def __init__(self, folder: Path, kinds: Collection[str]) -> None:
        """`folder`: for films and what is needed for them, made when the first one is; `kinds`: their endings."""
        self._folder = folder
        self._kinds = tuple(kinds)
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failure: str | None = None
        self._skipped = self._begun = 0

    def begin(self, generation: int, save: Save, deliver: Deliver) -> None:
        """Film one episode of a policy, unless the film before is still being made, or one has failed."""
        if self._failure is not None:
            return
        self._begun += 1
        if self._thread is not None and self._thread.is_alive():
            self._skipped += 1
            return
        policy = self._folder / "policy.npz"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            save(policy)
        except Exception as error:
            self._failure = str(error)
            return
        self._thread = threading.Thread(
            target=self._work, args=(policy, generation, deliver), name="bierl-films", daemon=True
        )
        self._thread.start()

    def news(self) -> str | None:
        """Why there are no more films, once."""
        if not self._failure:
            return None
        failure, self._failure = self._failure, ""  # no more films still
        return f"no more films are made, and the run goes on: {failure}"

    def close(self, seconds: float) -> str | None:
        """Wait so long for the film that is being made; what the run's owner should hear, if anything."""
        if self._thread is not None:
            self._thread.join(seconds)
            self._closed = True
            if self._process is not None and self._process.poll() is None:
                with suppress(OSError):
                    self._process.kill()
            self._thread.join(1.0)
        if (news := self.news()) is not None:
            return news
        if self._skipped and self._failure is None:
            return f"films take long here: {self._skipped} of {self._begun} were left out"
        return None

    def _work(self, policy: Path, generation: int, deliver: Deliver) -> None:
        try:
            for kind in self._kinds:
                film = self._folder / f"generation_{generation:06}.{kind}"
                if self._record(policy, film):
                    deliver(film)
            policy.unlink(missing_ok=True)
        except Exception as error:
            self._failure = str(error)

    def _record(self, policy: Path, film: Path) -> bool:
        """Whether the film is there."""
        command = [sys.executable, "-P", "-m", "bierl_fast", "record", str(policy), "--out", str(film), "--force"]
        paths = [str(PACKAGE_FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
        process = self._process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is the run's to hear
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        _, told = process.communicate()
        if self._closed:
            return False
        if process.returncode != 0:
            said = told.strip().splitlines()
            self._failure = said[-1].removeprefix("bierl: error: ") if said else f"exit code {process.returncode}"
            return False
        return True
