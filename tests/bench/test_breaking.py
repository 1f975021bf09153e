"""bench/break_files.py and break_kills.py in short: no file breaks a reader, and no kill costs a run a bit."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.subprocesses import environment

from bierl_fast.errors import ArchiveError

BENCH = Path(__file__).parents[2] / "bench"
TIMEOUT = 300  # seconds


@pytest.fixture(autouse=True)
def bench_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts import their neighbours from their own folder."""
    monkeypatch.syspath_prepend(str(BENCH))


def script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH / name), *words],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )


@pytest.mark.slow
def test_files_that_are_nearly_right(tmp_path: Path) -> None:
    done = script("break_files.py", "--count", "300", "--seed", "1", "--folder", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()[-1]
    assert said.startswith("300 mutants of ")
    counts = {word: int(number) for number, word in (part.split() for part in said.partition(": ")[2].split(", "))}
    assert counts["broken"] == 0
    assert counts["accepted"] > 30
    assert counts["refused"] > 150


@pytest.mark.slow
def test_kills() -> None:
    done = script("break_kills.py", "--count", "3", "--seed", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("runs, 0 broken\n")


def test_what_breaks_is_found(tmp_path: Path) -> None:
    """Readers that do what none may do."""
    import break_files
    from breaking.samples import Sample

    (tmp_path / "a.json").write_text('{"a": [1, 2]}', encoding="utf-8")
    work = tmp_path / "work"
    work.mkdir()

    def outcome(read: object) -> str:
        return break_files.outcome([Sample("x", tmp_path / "a.json", read)], 3, 0, work)[0]  # type: ignore[arg-type]

    def raises(error: Exception) -> object:
        def read(path: Path) -> None:
            raise error

        return read

    assert outcome(lambda path: None) == "accepted"
    assert outcome(raises(ArchiveError("refused"))) == outcome(raises(FileNotFoundError(2, "no", "x"))) == "refused"
    for error in (
        KeyError("x"),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        OSError("two\nlines"),
        ArchiveError(),
    ):
        assert outcome(raises(error)) == "broken"
    assert outcome(lambda path: len(bytearray(300 << 20))) == "broken"


def test_every_mutant_is_a_function_of_its_number() -> None:
    from breaking.mutations import mutated

    content = b'seed = 3\nranges = {sigma = [0.1, 1.0]}\n{"a": {"b": [1, 2.5, null]}}\n'
    found = {mutated(content, random.Random(f"0 {number}")) for number in range(200)}
    assert len(found) > 100
    assert mutated(content, random.Random("0 17")) == mutated(content, random.Random("0 17"))
