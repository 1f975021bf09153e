"""What a run or a command came to, as tests compare it."""

from __future__ import annotations

from typing import Any

import pytest

from bierl_fast.cli.main import entry
from bierl_fast.run.result import Result


def lines(result: Result) -> list[dict[str, Any]]:
    """A run's records without wall times, which no two runs share."""
    return [{key: value for key, value in line.items() if key != "seconds"} for line in result.metrics]


def fails(capsys: pytest.CaptureFixture[str], code: int, message: str, *arguments: str) -> None:
    """One clear line on standard error, nothing on standard output, the right exit code."""
    assert entry(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bierl: error: ")
    assert err.count("\n") == 1
    assert message in err


def fails_in_the_end(capsys: pytest.CaptureFixture[str], code: int, message: str, *arguments: str) -> None:
    """As `fails`, of what starts worker processes first: if that takes long, it is told before."""
    assert entry(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("bierl: error: ")
    assert message in err.splitlines()[-1]
