"""A comparison as a page: its tables, a chart for each setting, its failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.outcomes import fails
from helpers.run_directories import records, run_directory

import bierl_fast as bf
from bierl_fast.comparison.plan import place_of
from bierl_fast.comparison.results import Row, read_csv, write_csv
from bierl_fast.comparison.spec import read
from bierl_fast.comparison.summary import summarize
from bierl_fast.files import locked
from bierl_fast.run.metrics import dumps

Captured = pytest.CaptureFixture[str]


def row(meta: str, setting: str, seed: int, **more: Any) -> Row:
    known = {"fixed": meta == "none", "state": "finished", "env_steps": 1000, "final_return": 10.0 * seed, "score": 0.5}
    return Row("Hopper-v5", "es", meta, setting, seed, **{**known, **more})


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two settings, two meta-levels, two seeds; one run failed."""
    monkeypatch.chdir(tmp_path)
    rows = [row(meta, setting, seed) for meta in ("none", "csa") for setting in ("<i>low", "high") for seed in (1, 2)]
    rows[-1] = row("csa", "high", 2, state="failed", final_return=None, score=None)
    out = Path("compared")
    for one in rows:
        folder = out / place_of(one.task, one.strategy, one.meta, one.setting, one.seed)
        run_directory(folder, records(6, offset=one.seed))
    (folder / "failure.txt").write_text("no memory\n")
    spec = read({"seeds": 2, "base": {"task": "Hopper-v5", "total_steps": 1000}})
    write_csv(rows, out / "results.csv")
    (out / "summary.json").write_text(dumps(summarize(spec, rows)))
    assert read_csv(out / "results.csv") == rows
    return out


@pytest.mark.slow
def test_its_page(comparison: Path) -> None:
    text = bf.report(comparison)
    for wanted in ("Comparison compared", "Hopper-v5, es", "P(better than none)", "All tasks together", "no memory"):
        assert wanted in text
    assert "7 of 8 runs finished, 1 failed." in text
    assert "&lt;i&gt;low, return of the centre" in text
    assert "<i>low" not in text
    assert text.count('class="card chart') == 2
    with locked(comparison, RuntimeError()):
        assert 'class="state running"' in bf.report(comparison)


def test_beside_runs(comparison: Path, tmp_path: Path) -> None:
    run = run_directory(tmp_path / "one", records(3), task="Ant-v5")
    text = bf.report(run, comparison)
    assert "Ant-v5" in text
    assert "Comparison compared" in text


def test_damaged(comparison: Path, capsys: Captured) -> None:
    kept = (comparison / "results.csv").read_text()
    wrong = {"results.csv": ["a,b\n1,2\n", kept.replace(",1000,", ",many,")], "summary.json": ["[]", "{}", "nonsense"]}
    for file, content in [(file, content) for file, contents in wrong.items() for content in contents]:
        before = (comparison / file).read_text()
        (comparison / file).write_text(content)
        fails(capsys, 1, "compared holds a comparison whose", "report", str(comparison), "--out", "a.html")
        (comparison / file).write_text(before)
    bf.report(comparison)
