"""One run of a comparison, in a process of its own.

    command line: the job as JSON -> main -> train or resume, then evaluate -> exit code

Standard input is the parent's hold on this process: when it closes, because the parent wants the run to stop or is
gone, the run is interrupted as by Ctrl-C and saves itself; whatever comes in asks it to save itself and go on. A batch
system that ends every process of a job ends this one so too. On standard output go messages, one JSON object a line:
{"env_steps": N} now and then, {"warning": TEXT}, and {"error": TEXT} before exit code 1. What the run prints goes
to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bierl_fast.comparison import measure
from bierl_fast.config import toml
from bierl_fast.errors import AllEpisodesError, AllFailedError, RunWarning, one_line
from bierl_fast.run import api, checkpoint, interruption
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.loop import ended as at_its_end

SECONDS = 0.2  # between messages
INTERRUPTED = 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(job: dict[str, Any]) -> int:
    """Do a job: run_dir, planned (a TOML file of settings), resume, episodes, seed, trust. The exit code."""
    for number in ENDING:  # a parent in the background may have them ignored
        signal.signal(number, _interrupt)
    signal.signal(signal.SIGUSR1, lambda *_: interruption.save_all())
    say = _messages()
    threading.Thread(target=_interrupt_when_let_go, daemon=True).start()
    try:
        _run(job, say)
    except KeyboardInterrupt as error:
        if not getattr(error, "__notes__", []):
            return INTERRUPTED
        say({"error": one_line(RuntimeError("; ".join(["interrupted", *error.__notes__])))})
        return 1
    except Exception as error:
        say({"error": one_line(error)})
        return 1
    return 0


def _interrupt(*_: Any) -> None:
    """Once: a batch system tells this process, and then the parent does, in the middle of its saving itself."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(job: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    directory = RunDirectory(Path(job["run_dir"]))
    config = toml.read_saved(Path(job["planned"]))
    last = -SECONDS
    plainly = warnings.showwarning

    def warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, RunWarning):
            say({"warning": str(message)})
        plainly(message, category, *where, **more)

    def observe(record: dict[str, Any]) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS:
            last = time.monotonic()
            say({"env_steps": record["env_steps"]})

    diverged: AllFailedError | AllEpisodesError | None = None
    with warnings.catch_warnings():
        warnings.showwarning = warn
        try:
            if not job["resume"]:
                api.train(config, directory.path, observer=observe, warm_start_observer=observe)
            elif not at_its_end(config, checkpoint.load(directory.checkpoint, directory.read_config()).counters):
                trust = job["trust"] or config.named_code()  # what the comparison's own file names is its user's code
                api.resume(directory.path, total_steps=config.total_steps, observer=observe, trust=trust)
        except AllFailedError as error:
            if not directory.checkpoint.is_file():  # in its warm start: the run itself has not begun
                raise
            reached = checkpoint.load(directory.checkpoint, directory.read_config()).counters
            if not at_its_end(config, reached):  # else its own evaluations alone gave no number
                diverged = error
    measure.measure(directory, config, job["episodes"], job["seed"], diverged, job["trust"])
    if diverged is not None:
        say({"warning": f"diverged, which counts as the worst return: {one_line(diverged)}"})


def _messages() -> Callable[[dict[str, Any]], None]:
    """A way to the parent; what else is written to standard output from now on goes to standard error."""
    channel = os.dup(1)
    os.dup2(2, 1)
    file = os.fdopen(channel, "w", encoding="utf-8")

    def say(message: dict[str, Any]) -> None:
        with suppress(BrokenPipeError):  # the parent is gone: standard input says so too
            print(json.dumps(message), file=file, flush=True)

    return say


def _interrupt_when_let_go() -> None:
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    while os.read(0, 4096):  # not through sys.stdin, whose lock a thread must not hold when the interpreter ends
        signal.pthread_kill(main_thread, signal.SIGUSR1)
    signal.pthread_kill(main_thread, signal.SIGINT)  # to that thread, which may be waiting in a system call
