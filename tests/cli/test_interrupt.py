"""Ctrl-C, as a terminal sends it: exit code 130, a checkpoint, and a run that can go on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from helpers.fakes import Fakes
from helpers.subprocesses import TIMEOUT, command, running, until

from bierl_fast.config.config import Config
from bierl_fast.run.api import resume, train
from bierl_fast.run.metrics import read

PROGRAM = """
import sys, time
from helpers.fakes import Fakes
from bierl_fast.cli.main import entry
from bierl_fast.run import build
def slow(parts):
    parts.evaluator.before = lambda population: time.sleep(0.02)
fakes = Fakes()
fakes.on_build = slow
build.make_parts = fakes.make_parts
arguments = ["train", "Parabola-v0", "--population", "6", "--generations", "100000"]
sys.exit(entry([*arguments, "--run-dir", sys.argv[1]]))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c(tmp_path: Path, fakes: Fakes) -> None:
    directory = tmp_path / "run"
    lines = directory / "metrics.jsonl"
    with running([*command(PROGRAM), str(directory)]) as process:
        until(lambda: lines.exists() and len(read(lines)) > 4, process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert f"bierl resume {directory}" in err
    assert "Traceback" not in err
    done = len(read(lines))
    assert done > 4
    resumed = resume(directory, generations=done + 3)
    whole = train(Config(task="Parabola-v0", population=6, generations=done + 3))
    assert (resumed.parameters == whole.parameters).all()
