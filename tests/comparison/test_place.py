"""Where runs are done, without a cluster; with one it is test_on_ray.py's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from comparison.specs import described, written
from helpers.subprocesses import run

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.comparison.place import chosen
from bierl_fast.comparison.processes import Processes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_processes_of_this_machine_by_default() -> None:
    with chosen(3, None) as place:
        assert isinstance(place, Processes)
        assert place.room == 3


def test_without_ray(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    text = "doing runs on a cluster needs ray, which is not installed; install it with: pip install 'bierl-fast[ray]'"
    with pytest.raises(bf.InstallationError) as raised:
        bf.compare(described(), "out", curves=False, ray="10.0.0.1:6379")
    assert str(raised.value) == text
    spec = written(Path("spec.toml"), described())
    assert entry(["compare", str(spec), "--out", "out", "--no-curves", "--ray-address", "local"]) == 1
    assert capsys.readouterr().err.strip() == f"bierl: error: {text}"
    assert not Path("out").exists()


def test_what_is_no_address_is_no_string() -> None:
    with pytest.raises(bf.ArgumentTypeError, match="ray must be a string or None, got 6379"):
        bf.compare(described(), "out", ray=6379)  # type: ignore[arg-type]


def test_nothing_of_ray_is_imported_without_it() -> None:
    done = run("import sys, bierl_fast.cli.main, bierl_fast.sweeping.api; print('ray' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr
