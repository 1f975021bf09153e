"""bench/same_bits.py says "equal" of one build twice, and finds what is not."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import bierl_fast
from bierl_fast.config.toml import read_preset

BENCH = Path(__file__).parents[2] / "bench"
SITE = Path(bierl_fast.__file__).parents[1]
TIMEOUT = 120  # seconds


@pytest.fixture(scope="module")
def same_bits() -> ModuleType:
    """The script as a module; its neighbours are imported from its folder."""
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("same_bits", BENCH / "same_bits.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(BENCH))


def compare(work: Path, after: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(BENCH / "same_bits.py"), "--installed", str(SITE), str(after)]
    words += ["--work", str(work), *more]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT)


@pytest.mark.slow  # processes that train
def test_one_build_twice_is_equal(tmp_path: Path) -> None:
    done = compare(
        tmp_path / "work", SITE, "--only", "native: strategy=[ec]* meta=lstm*", "--out", str(tmp_path / "o.json")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "o.json").read_text())
    assert written["differences"] == {}
    assert written["counts"] == {
        "equal": len(written["runs"]) - 1,
        "refused by both": 1,
    }  # cmaes leaves nothing to move
    assert written["refusals"] == {"ConfigError": 1}
    assert any(name.startswith("resume: run_format_1") for name in written["runs"])
    assert "resume: native: strategy=es meta=lstm" in written["runs"]
    assert written["meta_updates"] > 0


@pytest.mark.slow  # processes that train
def test_another_seed_is_found(tmp_path: Path) -> None:
    done = compare(tmp_path / "work", SITE, "--only", "native: strategy=es meta=none", "--after-seed", "4")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "DIFFERENT  native: strategy=es meta=none\n           policy.npz: " in done.stdout
    assert "| native | 1 | 0 | 0 | 1 |" in done.stdout


@pytest.mark.slow  # processes that train
def test_a_changed_package_is_found(tmp_path: Path) -> None:
    """Two hundred lines away from the script: the end of a kernel's Python side."""
    changed = shutil.copytree(SITE / "bierl_fast", tmp_path / "site" / "bierl_fast") / "kernels.py"
    changed.write_text(
        changed.read_text() + "\n\n_ranked = centered_rank_utilities\n\n\n"
        "def centered_rank_utilities(*given, **named):\n    return _ranked(*given, **named) * (1 + 2**-20)\n"
    )
    done = compare(tmp_path / "work", tmp_path / "site", "--only", "native: strategy=es meta=none")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "DIFFERENT  native: strategy=es meta=none\n           policy.npz: " in done.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "give a commit to compare with, or --installed"),
        (["--installed", "a", "a"], "give --work and a folder outside of the working tree"),
        (["HEAD", "--work", str(BENCH)], "--work must lie outside of the working tree"),
    ],
)
def test_what_is_missing_is_said(words: list[str], text: str) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "same_bits.py"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert text in done.stderr


def run_files(folder: Path, seconds: float = 1.0, last: float = 2.0, array: float = 1.0) -> Path:
    folder.mkdir(parents=True)
    records = [{"generation": 0, "return": None}, {"generation": 1, "return": last, "seconds": {"all": seconds}}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    np.savez(folder / "policy.npz", header=np.array('{"kind": "policy"}'), mean=np.array([0.0, array], np.float32))
    return folder


def test_files_are_compared_to_the_last_bit(same_bits: ModuleType, tmp_path: Path) -> None:
    before = run_files(tmp_path / "before")
    assert same_bits.files_differ(before, run_files(tmp_path / "a", seconds=9.0)) is None
    found = same_bits.files_differ(before, run_files(tmp_path / "b", last=np.nextafter(2.0, 3.0)))
    assert found == "metrics.jsonl: generation 1.return: 2.0 before, 2.0000000000000004 after"
    after = run_files(tmp_path / "c", array=float(np.nextafter(np.float32(1), np.float32(2))))
    assert same_bits.files_differ(before, after).startswith("policy.npz: mean[1]: ")
    after = run_files(tmp_path / "more")
    np.savez(
        after / "policy.npz", header=np.array('{"kind": "policy", "more": 1}'), mean=np.array([0.0, 1.0], np.float32)
    )
    assert same_bits.files_differ(before, after) is None
    assert same_bits.files_differ(after, before) == "policy.npz: header.more is there before alone"
    after = run_files(tmp_path / "d")
    (after / "policy.npz").unlink()
    assert same_bits.files_differ(before, after) == "policy.npz is there before alone"
    (run_files(tmp_path / "e") / "best_policy.npz").write_bytes((before / "policy.npz").read_bytes())
    assert same_bits.files_differ(before, tmp_path / "e") == "best_policy.npz is there after alone"


@pytest.mark.filterwarnings("ignore::bierl_fast.errors.OldNameWarning")  # the list has old spellings
def test_no_run_of_the_list_has_settings_that_are_refused(
    same_bits: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that both sides refuse compares nothing."""
    monkeypatch.syspath_prepend(str(BENCH / "sides"))
    names = importlib.import_module("bits").tables()
    runs = [run for run in same_bits.short_runs.first_runs(names) if run["kind"] == "train"]
    assert {run["preset"] for run in runs if "preset" in run} == names["presets"].keys()
    for run in runs:
        base = read_preset(run["preset"]) if "preset" in run else {}
        bierl_fast.Config(**{**base, **run["settings"]}).check_taken()


def outcome(kind: str, *error: str) -> dict[str, object]:
    return {
        "outcome": kind,
        "message": "so",
        **({"error": list(error)} if error else {"answer": None, "folder": "none"}),
    }


def test_verdicts(same_bits: ModuleType) -> None:
    config, narrower = outcome("refused", "ConfigError"), outcome("refused", "OptionError", "ConfigError")
    unknown, crash = outcome("refused", "UnknownNameError"), outcome("failed", "KeyError")
    assert same_bits.compared("x", config, narrower).verdict == "refused by both"
    for before, after in (
        (config, unknown),
        (narrower, config),
        (config, outcome("done")),
        (outcome("done"), config),
        (crash, crash),
        (config, None),
    ):
        assert same_bits.compared("x", before, after).verdict == "different"
    assert same_bits.compared("x", outcome("done"), outcome("done")).verdict == "equal"


def test_answers_are_compared_in_type_and_every_digit(same_bits: ModuleType) -> None:
    differ = same_bits.first_difference
    assert differ({"a": [1, float("nan")]}, {"a": [1, float("nan")]}) is None
    assert differ({"a": [1, 2.0]}, {"a": [1, 2]}) == "a.1: 2.0 before, 2 after"
    assert differ({"a": 0.0}, {"a": -0.0}) == "a: 0.0 before, -0.0 after"
    assert differ({"a": 1}, {}) == "a is there before alone"
