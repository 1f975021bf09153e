"""Signals of terminals and batch systems: what is under way saves itself, and the exit code says which it was."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fakes import Fakes
from helpers.subprocesses import TIMEOUT, command, run, running, until

from bierl_fast.cli import signals
from bierl_fast.config.config import Config
from bierl_fast.meta.generator_file import WarmStart
from bierl_fast.run import checkpoint, interruption
from bierl_fast.run.api import resume, train
from bierl_fast.run.directory import RunDirectory
from bierl_fast.run.metrics import read

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
BIERL = "import sys; from bierl_fast.cli.start import main; main()"
FOREVER = ["--generations", "10000000", "--checkpoint-seconds", "1000000"]
PRETRAIN = ["pretrain", "quadratic", "--rounds", "500000", "--meta", "linear", "--threads", "1"]
TRAIN = ["train", "quadratic", "--dim", "5", "--strategy", "es", "--meta", "none", "--population", "8", *FOREVER]


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(name="started")
def started_fixture() -> Iterator[Start]:
    """What starts the command with arguments; at the end of the test none of its processes is left."""
    with contextlib.ExitStack() as processes:

        def start(arguments: list[str], **options: Any) -> subprocess.Popen[str]:
            return processes.enter_context(running([*command(BIERL), *arguments], **options))

        yield start


def generations(directory: Path) -> int:
    return len(read(directory / "metrics.jsonl")) if (directory / "metrics.jsonl").exists() else 0


def saved(directory: Path) -> int:
    run_directory = RunDirectory(directory)
    return checkpoint.load(run_directory.checkpoint, run_directory.read_config()).counters.generation


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = process.communicate(timeout=TIMEOUT)
    assert "Traceback" not in err
    return process.returncode, err.rstrip() + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", CODES)
def test_train_and_resume_save_and_end(name: str, started: Start, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    process = started([*TRAIN, "--run-dir", str(directory)])
    until(lambda: generations(directory) > 3, process)
    process.send_signal(getattr(signal, name))
    assert ended(process) == (CODES[name], f"bierl: interrupted and saved; go on with `bierl resume {directory}`\n")
    first = saved(directory)
    assert generations(directory) - first in {0, 1}  # a line may stand ahead of what the checkpoint counts
    process = started(["resume", str(directory), "--quiet"])
    until(lambda: generations(directory) > first + 3, process)
    process.send_signal(getattr(signal, name))
    process.send_signal(getattr(signal, name))  # some systems send two, and one saves
    assert ended(process)[0] == CODES[name]
    second = saved(directory)
    assert generations(directory) - second in {0, 1}
    assert second > first


@pytest.mark.slow
def test_usr1_saves_and_goes_on(started: Start, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    process = started([*TRAIN, "--run-dir", str(directory)])
    until(lambda: generations(directory) > 3, process)
    for _ in range(3):
        before = saved(directory)
        process.send_signal(signal.SIGUSR1)
        until(lambda: saved(directory) > before, process)  # noqa: B023 - ends in this turn
        before = generations(directory)
        until(lambda: generations(directory) > before + 5, process)  # noqa: B023 - ends in this turn
    process.terminate()
    code, err = ended(process)
    assert code == 143
    assert err.startswith("bierl: saved, and goes on\n" * 3)
    done = saved(directory)
    resumed = resume(directory, generations=done + 2)
    settings: Any = {"task": "quadratic", "dim": 5, "strategy": "es", "meta": "none", "population": 8}
    whole = train(Config(**settings, generations=done + 2))
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_what_was_ignored_stays_ignored(started: Start, tmp_path: Path) -> None:
    directory = tmp_path / "run"

    def nohup() -> None:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    process = started([*TRAIN, "--run-dir", str(directory)], preexec_fn=nohup)
    until(lambda: generations(directory) > 3, process)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGINT):
        process.send_signal(number)
    now = generations(directory)
    until(lambda: generations(directory) > now + 5, process)
    process.terminate()
    code, err = ended(process)
    assert (code, err.startswith("bierl: interrupted and saved")) == (143, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", CODES)
def test_pretrain(name: str, started: Start, tmp_path: Path) -> None:
    """Before anything was learned there is nothing to save; afterwards the last whole round is."""
    out = tmp_path / "generator.npz"
    process = started([*PRETRAIN, "--out", str(out)])
    until((tmp_path / ".generator.npz.lock").exists, process)
    time.sleep(0.1)
    process.send_signal(getattr(signal, name))
    code, err = ended(process)
    assert code == CODES[name]
    assert out.exists() or err == "bierl: interrupted before anything was learned; nothing was saved\n"


@pytest.mark.slow
def test_usr1_saves_a_training_of_a_generator(started: Start, tmp_path: Path) -> None:
    out = tmp_path / "generator.npz"
    process = started([*PRETRAIN, "--out", str(out)])
    until((tmp_path / ".generator.npz.lock").exists, process)

    def saved_one() -> bool:
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        return out.exists()

    until(saved_one, process)
    rounds = WarmStart.load(out).made["rounds"]
    assert rounds >= 1
    process.send_signal(signal.SIGHUP)
    code, err = ended(process)
    assert code == 129
    assert err.startswith("bierl: nothing to save yet; it goes on\n")
    assert f"go on with `bierl pretrain --out {out} --resume --rounds 500000`" in err
    assert WarmStart.load(out).made["rounds"] >= rounds


LOADING = (
    "print('begun', flush=True)\n"
    "import sys; sys.argv[1:] = ['train', 'quadratic', '--dim', '3', '--meta', 'lstm', '--generations', '1']\n" + BIERL
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_while_it_loads(name: str, tmp_path: Path) -> None:
    """PyTorch's import takes most of that time, and none of it ends with an abort or a traceback."""
    for wait in np.linspace(0.05, 1.5, 12):
        with running(command(LOADING), cwd=tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"  # by now Python itself has started
            time.sleep(wait)  # wherever that is
            process.send_signal(getattr(signal, name))
            _, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode in {CODES[name], -getattr(signal, name), 0}, err
        assert "Traceback" not in err or process.returncode == -signal.SIGINT, err


TORCH = """
import signal
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, {wait})
try:
    from bierl_fast._torch import torch
except KeyboardInterrupt:
    print("interrupted", flush=True)
signal.setitimer(signal.ITIMER_REAL, 0)
from bierl_fast._torch import torch
print(float(torch.ones(3).sum()))
"""


@pytest.mark.slow
def test_an_error_beside_the_import_of_torch() -> None:
    done = run(TORCH.format(wait=0.2))
    assert done.returncode == 0, done.stderr
    assert done.stdout in {"interrupted\n3.0\n", "3.0\n"}


def test_an_interrupt_that_got_lost_is_raised_again(fakes: Fakes, tmp_path: Path) -> None:
    """As in a destructor, whose errors Python only prints."""
    calls = 0

    def lose(_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            interruption.end_soon(KeyboardInterrupt())

    fakes.on_build = lambda parts: setattr(parts.evaluator, "before", lose)
    with pytest.raises(KeyboardInterrupt):
        train(Config(task="Parabola-v0", population=6, generations=50), tmp_path / "run")
    assert saved(tmp_path / "run") == 3
    interruption.end_if_told()


def test_handlers_are_there_while_the_command_runs_and_no_longer() -> None:
    names = [*CODES, "SIGUSR1"]
    before = [signal.getsignal(getattr(signal, name)) for name in names]
    mine = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with signals.handled():
            for name in names:
                own = signal.getsignal(getattr(signal, name))
                assert isinstance(own, signals._Ending) == (name in {"SIGINT", "SIGHUP"})  # somebody else's stays
    finally:
        signal.signal(signal.SIGTERM, mine)
    assert [signal.getsignal(getattr(signal, name)) for name in names] == before
    thread = threading.Thread(target=signals.handled().__enter__)
    thread.start()
    thread.join()
    assert [signal.getsignal(getattr(signal, name)) for name in names] == before


@pytest.mark.slow
def test_the_library_installs_no_handler() -> None:
    done = run(
        "import signal\nimport bierl_fast as bf\n"
        "numbers = signal.valid_signals()\n"
        "before = {n: signal.getsignal(n) for n in numbers}\n"
        "during = []\n"
        "look = lambda record: during.append({n: signal.getsignal(n) for n in numbers})\n"
        "bf.train(bf.Config(task='quadratic', dim=3, meta='lstm', generations=3), observer=look)\n"
        "print(during == [before] * 3)"
    )
    assert done.stdout == "True\n", done.stderr


def test_a_save_in_the_middle_of_writing_comes_after_it() -> None:
    events: list[str] = []

    def save() -> bool:
        with writing:
            events.append("save")
        return True

    writing = interruption.Writing(save)
    with interruption.saving_when_asked(writing.save):
        with writing:
            events.append("begin")
            assert interruption.save_all()
            events.append("end")
        assert events == ["begin", "end", "save"]
        assert interruption.save_all()
    assert events == ["begin", "end", "save", "save"]
    assert not interruption.save_all()
