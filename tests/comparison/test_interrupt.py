"""Stopped from outside, in every way: the runs save themselves, no process is left, and the same command goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from comparison.specs import described, written
from helpers.subprocesses import TIMEOUT, command, environment, running, until

import bierl_fast as bf
from bierl_fast.comparison import crew, processes
from bierl_fast.comparison.crew import ComparisonProgress, Crew
from bierl_fast.comparison.processes import Processes
from bierl_fast.comparison.run_job import RunJob
from bierl_fast.errors import RunWarning
from bierl_fast.run import checkpoint, metrics
from bierl_fast.run.directory import RunDirectory

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

PROGRAM = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"
# 16 candidates and the centre a generation, 2 ms each, and no checkpoint but those of an interrupt.
SLOW = {"task": "comparison.functions:slow", "dim": 4, "sigma": 0.1, "checkpoint_seconds": 3600.0}


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waits for any more counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Started:
    """`bierl compare` of two slow runs, side by side, and its worker processes."""

    def __init__(self, folder: Path, steps: int, processes: ExitStack) -> None:
        self.comparison = described({**SLOW, "total_steps": steps}, seeds=2)
        self.spec = written(folder / "slow.toml", self.comparison)
        self.out = folder / "out"
        self.runs = [self.out / f"runs/comparison.functions_slow/es-none-s{seed}" for seed in range(2)]
        self.arguments = ["compare", str(self.spec), "--out", str(self.out), "--jobs", "2", "--no-curves"]
        self.process = processes.enter_context(
            running([*command(PROGRAM), *self.arguments], env=environment(BIERL_TEST_SLEEP="0.002"))
        )
        going = lambda: all(self.generations(run) > 2 for run in self.runs)  # noqa: E731
        until(going, self.process, "the runs do not get going")
        self.workers = children(self.process.pid)
        assert len(self.workers) == 2

    @staticmethod
    def generations(run: Path) -> int:
        lines = run / "metrics.jsonl"
        return len(metrics.read(lines)) if lines.exists() else 0

    @staticmethod
    def saved(run: Path) -> int:
        directory = RunDirectory(run)
        return checkpoint.load(directory.checkpoint, directory.read_config()).counters.generation

    def lost(self, run: Path) -> int:
        """An interrupt may come between a generation's line and its checkpoint, as a thread's always may."""
        return self.generations(run) - self.saved(run)

    def generations_saved(self) -> list[int]:
        return [len(metrics.read(run / "metrics.jsonl")) for run in self.runs]


@pytest.fixture(name="started")
def started_fixture(tmp_path: Path) -> Iterator[Started]:
    with ExitStack() as processes:
        yield Started(tmp_path, steps=17 * 400, processes=processes)


def goes_on(started: Started) -> None:
    """The same comparison, now without waiting, ends as runs that never stopped."""
    rows = bf.compare(started.spec, started.out, curves=False).rows
    for row, run in zip(rows, started.runs, strict=True):
        assert row.state == "finished"
        whole = bf.train(RunDirectory(run).read_config())
        assert row.env_steps == whole.metrics[-1]["env_steps"]
        np.testing.assert_array_equal(np.load(run / "policy.npz")["parameters"], whole.parameters)


@pytest.mark.slow
def test_ctrl_c(started: Started) -> None:
    started.process.send_signal(signal.SIGINT)
    _, err = started.process.communicate(timeout=TIMEOUT)
    assert started.process.returncode == 130
    assert err.strip() == "bierl: interrupted and saved; the same command goes on"
    assert all(gone(pid) for pid in started.workers)
    assert all((run / "checkpoint.npz").is_file() for run in started.runs)
    assert not any((run / "failure.txt").exists() for run in started.runs)
    assert min(started.generations_saved()) > 2
    goes_on(started)


@pytest.mark.slow
def test_usr1_and_then_the_end_of_a_batch_job(started: Started) -> None:
    """Every run saves itself and goes on; then every process is told to end, those of the runs too."""
    started.process.send_signal(signal.SIGUSR1)
    until(lambda: all(started.saved(run) > 0 for run in started.runs), what="the runs do not save themselves")
    for pid in [started.process.pid, *started.workers]:
        os.kill(pid, signal.SIGHUP)
    _, err = started.process.communicate(timeout=TIMEOUT)
    assert started.process.returncode == 129
    assert err.startswith("bierl: saved, and goes on\nbierl: interrupted and saved; the same command goes on")
    until(lambda: all(map(gone, started.workers)), what="a run outlives the comparison")
    assert all(started.lost(run) in {0, 1} for run in started.runs)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_the_runs_of_a_parent_that_was_killed_save_themselves_and_end(started: Started, number: signal.Signals) -> None:
    started.process.send_signal(number)
    started.process.wait(TIMEOUT)
    until(lambda: all(gone(pid) for pid in started.workers), what="a worker outlives its parent")
    for run in started.runs:
        # The checkpoint is of the last whole generation, not of the start: nothing was lost.
        assert started.lost(run) in {0, 1}
        with pytest.warns(RunWarning, match="has already reached its end"):
            bf.resume(run, generations=started.saved(run))
    with RunDirectory(started.out).held():
        pass


@pytest.mark.slow
@pytest.mark.parametrize("patience", [0.3, 600.0], ids=["patience at its end", "a second interrupt"])
def test_a_run_that_does_not_listen_is_killed(patience: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import os, time; os.write(1, b'{\"env_steps\": 7}\\n'); time.sleep(600)"
    monkeypatch.setattr(processes, "CODE", deaf.replace("{", "{{").replace("}", "}}"))
    monkeypatch.setattr(crew, "PATIENCE", patience)
    pids: list[int] = []
    before = children(os.getpid())  # of other tests

    def interrupt(progress: ComparisonProgress) -> None:
        if progress.steps == 7:
            pids.extend(set(children(os.getpid())) - set(before))
            if patience > 1.0:
                threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
            raise KeyboardInterrupt

    task = RunJob("deaf", 10, dict, lambda _: None, tmp_path / "log.txt")
    with pytest.raises(RuntimeError, match=r"^deaf: killed before it had saved itself"):
        Crew(Processes(1), interrupt).work([task])
    assert len(pids) >= 1
    assert all(gone(pid) for pid in pids)


def test_a_run_that_cannot_save_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = (
        """import os; os.write(1, b'{"env_steps": 7}\\n'); os.read(0, 1); os.write(1, b'{"error": "disk full"}\\n')"""
    )
    monkeypatch.setattr(processes, "CODE", failing.replace("{", "{{").replace("}", "}}"))
    failures: list[str] = []

    def interrupt(progress: ComparisonProgress) -> None:
        if progress.steps == 7 and progress.news is None:
            raise KeyboardInterrupt

    with pytest.raises(RuntimeError, match="x: disk full") as raised:
        Crew(Processes(1), interrupt).work([RunJob("x", 10, dict, failures.append, tmp_path / "log.txt")])
    assert isinstance(raised.value.__context__, KeyboardInterrupt)
    assert failures == ["disk full"]
