"""Standard input, output and error closed, full, or read by nobody: runs go on, and the exit code tells the truth."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.subprocesses import TIMEOUT, environment

BIERL = f"{shlex.quote(sys.executable)} -P -m bierl_fast"
POOL = f"{BIERL} train CartPole-v1 --workers 1 --meta none --population 4 --episode-cap 5 --generations 2 --run-dir run"
NATIVE = f"{BIERL} train Reacher-v5 --meta none --population 4 --generations 2 --run-dir run"
FUNCTION = f"{BIERL} train quadratic --dim 3 --meta none --population 4 --generations 2 --run-dir run"
WAYS = [
    ">&-",
    "<&-",
    "2>&-",
    "<&- >&- 2>&-",
    ">/dev/full",
    "2>/dev/full",
    ">/dev/full 2>&1",
    "| head -1",
    "2>&1 | head -1",
]
OUT = [way for way in WAYS if way.startswith((">", "<&- >"))]


def sh(script: str, folder: Path) -> tuple[int, str, str]:
    """Exit code (of the first in a pipe), output and errors of a line of bash."""
    done = subprocess.run(
        ["bash", "-c", f"{script}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module", name="trained")
def trained_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    assert sh(FUNCTION, folder)[0] == 0
    return folder


def generations(folder: Path) -> int:
    return len((folder / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines())


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("train", [POOL, NATIVE, FUNCTION], ids=["pool", "native", "function"])
def test_a_run_goes_on(train: str, way: str, tmp_path: Path) -> None:
    code, _, err = sh(f"{train} {way}", tmp_path)
    assert (code, generations(tmp_path)) == (0, 2)
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    if train == FUNCTION:
        code, _, _ = sh(f"{BIERL} resume run --generations 3 {way}", tmp_path)
        assert (code, generations(tmp_path)) == (0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["info", "presets", "evaluate run --episodes 2 --json", "--help", "train --help"])
@pytest.mark.parametrize("way", OUT)
def test_an_answer_that_does_not_get_out_is_a_failure(command: str, way: str, trained: Path) -> None:
    code, out, err = sh(f"{BIERL} {command} {way}", trained)
    assert (code, out) == (1, "")
    assert err in (
        "",
        *(
            f"bierl: error: standard output cannot be written: {why}\n"
            for why in ("it is closed", "[Errno 28] No space left on device")
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", OUT)
def test_an_answer_in_a_file_is_there(way: str, trained: Path) -> None:
    (trained / "run.svg").unlink(missing_ok=True)
    assert sh(f"{BIERL} plot run --out run.svg {way}", trained)[0] == 0
    assert (trained / "run.svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
@pytest.mark.parametrize("way", [way for way in WAYS if way not in OUT and "head" not in way])
def test_an_answer_that_gets_out_is_one(way: str, trained: Path) -> None:
    code, out, _ = sh(f"{BIERL} evaluate run --episodes 2 --json {way}", trained)
    assert code == 0
    assert json.loads(out)["episodes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("way", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_failure_that_cannot_be_told_is_one(way: str, tmp_path: Path) -> None:
    assert sh(f"{BIERL} evaluate nowhere {way}", tmp_path)[0] == 1
    assert sh(f"{BIERL} train Hopper-v5 --generations 0 {way}", tmp_path)[0] == 2


FUNCTIONS = """
import asyncio, errno, os, sys

class Own(BaseException):
    pass

def own(x): raise Own("mine")
def exits(x): sys.exit(0)
def end(x): raise EOFError("no more")
def pipe(x): raise BrokenPipeError(errno.EPIPE, "gone")
def cancelled(x): raise asyncio.CancelledError("the bus left")
def closes(x):
    for stream in (sys.stdout, sys.stderr):
        stream.close()
    os.closerange(0, 3)
    return 1.0
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own", "Own: mine (--debug shows where); raised by fns:own in row 0 of the population (own in "),
        ("exits", "SystemExit: 0 (--debug"),
        ("end", "EOFError: no more (--debug"),
        ("pipe", "[Errno 32] gone; raised by"),
        ("cancelled", "CancelledError: the bus left (--debug"),
    ],
)
def test_whatever_a_function_raises_is_told_in_one_line(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "fns.py").write_text(FUNCTIONS, encoding="utf-8")
    train = f"{BIERL} train fns:{name} --dim 3 --meta none --population 4 --generations 2 --run-dir run"
    code, _, err = sh(train, tmp_path)
    assert code == 1
    assert err.startswith("bierl: error: ")
    assert text in err
    assert f"row 0 of the population ({name} in " in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_function_that_closes_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "fns.py").write_text(FUNCTIONS, encoding="utf-8")
    train = f"{BIERL} train fns:closes --dim 3 --meta none --population 4 --generations 2 --run-dir run"
    assert sh(train, tmp_path)[0] == 0
    assert generations(tmp_path) == 2
