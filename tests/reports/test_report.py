"""`bf.report` and `bierl report`: what is on the page of which runs, and what is refused."""

from __future__ import annotations

import errno
import html
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.outcomes import fails
from helpers.run_directories import records, run_directory

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.files import locked

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Seen(HTMLParser):
    """The texts of a page, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._hidden += tag in {"script", "style"}
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "poster"}]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.texts.append(data.strip())


def seen(*runs: Any, **options: Any) -> Seen:
    return Seen(bf.report(*runs, **options))


def test_one_run() -> None:
    page = seen(run_directory(Path("a"), records(12), strategy="ars", sigma=0.125))
    for text in (
        "Hopper-v5",
        "interrupted",
        "ars",
        "return of the centre",
        "sigma",
        "Evaluations",
        "Wall time",
        "To repeat it",
    ):
        assert text in page.texts
    assert page.texts[page.texts.index("Return") + 1] == "12"
    assert page.texts[page.texts.index("Env steps") + 1] == "1,200"
    assert page.texts[page.texts.index("sigma", page.texts.index("Settings")) + 1] == "0.125"
    assert "bierl train --config a/config.toml --run-dir a-again" in page.texts
    assert "bierl resume a" in page.texts


@pytest.mark.slow
def test_episodes_that_were_cut_are_told_of() -> None:
    short = run_directory(Path("short"), records(5), episode_cap=300)
    said = "Episodes of training end after 300 steps; evaluations go on to the task's own limit"
    assert any(said in text for text in seen(short).texts)
    whole = run_directory(Path("whole"), records(5), seed=3)
    assert not any("Episodes of training" in text for text in seen(whole).texts)
    other = run_directory(Path("other"), records(5), episode_cap=1200)
    assert any("after 300 or 1,200 steps" in text for text in seen(short, whole, other).texts)


def test_it_needs_nothing_but_itself() -> None:
    text = bf.report(run_directory(Path("a"), records(5)))
    assert all(link.startswith("data:") for link in Seen(text).loads)
    assert len(text) < 2_000_000
    assert text == re.sub(r"@import|url\((?!data:)", "", text)


def test_a_folder_whose_name_is_no_utf_8() -> None:
    run = run_directory(Path(os.fsdecode(b"caf\xe9")), records(3))
    bf.report(run, out="page.html")
    assert "caf\\udce9" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_texts_are_shown_as_they_are_written(capsys: Captured) -> None:
    """Whoever named a task, a folder or a setting: none of it becomes part of the page."""
    evil = "<img src=x onerror=alert(1)>&amp;"
    run = run_directory(Path("<b>bold"), records(5), task="m:<script>alert(2)</script>", task_kwargs={"note": evil})
    other = run_directory(Path("other"), records(5), task="m:<script>alert(2)</script>", task_kwargs={"note": "@t0 $x"})
    for page in (seen(run), seen(run, other)):
        assert not {"img", "b"} & set(page.tags)
        assert "m:<script>alert(2)</script>" in "".join(page.texts)
        assert evil in " ".join(page.texts)
    text = bf.report(run, other)
    assert "<script>alert" not in text
    assert html.escape("<script>alert(2)</script>") in text


@pytest.mark.slow
def test_runs_of_one_task_and_of_several() -> None:
    seeds = [run_directory(Path(f"runs/s{seed}"), records(10, offset=seed), seed=seed, sigma=0.02) for seed in (1, 2)]
    run_directory(Path("runs/other"), records(6), sigma=0.5)
    page = seen("runs")
    assert "3 runs of Hopper-v5" in page.texts
    assert {"sigma 0.02", "sigma 0.5"} <= set(page.texts)
    run_directory(Path("runs/ant"), records(4), task="Ant-v5")
    page = seen(*seeds, "runs/ant")
    assert "3 runs of 2 tasks" in page.texts
    assert page.texts.index("Hopper-v5") < page.texts.index("Ant-v5")


@pytest.mark.slow
def test_what_is_there_is_shown(capsys: Captured) -> None:
    """A run under way, one that has not begun, one without a manifest; a damaged one among others is left out."""
    running = run_directory(Path("running"), records(4))
    with (running / "metrics.jsonl").open("a") as file:
        file.write('{"generation": 4, "env_st')
    with locked(running, RuntimeError()):
        assert "running" in seen(running).texts
    assert "interrupted" in seen(running).texts
    assert "finished" in seen(run_directory(Path("done"), records(4), generations=4)).texts
    empty = run_directory(Path("empty"), [], seed=1)
    page = seen(empty)
    assert "interrupted" in page.texts
    assert "seed" in page.texts
    assert "empty has done no generation yet." in seen(running, empty).texts
    damaged = run_directory(Path("damaged"), records(3), seed=2)
    (damaged / "metrics.jsonl").write_text("nonsense\n{}\n")
    fails(capsys, 1, "damaged/metrics.jsonl is damaged in line 1", "report", "damaged", "--out", "x.html")
    assert any("Left out: damaged/metrics.jsonl is damaged" in text for text in seen(running, damaged).texts)
    old = records(3)
    for record in old:
        del record["seconds"], record["evaluation"], record["eval_steps"]
    assert "Wall time" in seen(run_directory(Path("old"), old, seed=3)).texts


def test_files(capsys: Captured) -> None:
    run_directory(Path("a"), records(3))
    assert entry(["report", "a", "--out", "a.html"]) == 0
    assert capsys.readouterr().out == "a.html\n"
    first = Path("a.html").read_text()
    fails(capsys, 2, "a.html exists; give another name, or --force", "report", "a", "--out", "a.html")
    assert Path("a.html").read_text() == first
    assert entry(["report", "a", "--out", "a.html", "--force", "--against", "seconds"]) == 0
    assert "seconds of wall time" in Path("a.html").read_text()
    capsys.readouterr()
    fails(capsys, 2, "there is no folder nowhere", "report", "a", "--out", "nowhere/a.html")
    fails(capsys, 2, "did you mean 'seconds'?", "report", "a", "--out", "b.html", "--against", "second")
    fails(capsys, 1, "no run directory at absent", "report", "absent", "--out", "b.html")
    Path("plain").mkdir()
    fails(capsys, 1, "plain holds no run", "report", "plain", "--out", "b.html")
    fails(capsys, 2, "Missing argument 'DIR...'", "report", "--out", "b.html")
    with pytest.raises(bf.ConfigError, match="no runs to report on"):
        bf.report()
    assert not Path("b.html").exists()


def test_a_full_disk_leaves_what_was_there(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    run_directory(Path("a"), records(3))
    Path("a.html").write_text("before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    fails(capsys, 1, "No space left on device: 'a.html'", "report", "a", "--out", "a.html", "--force")
    assert Path("a.html").read_text() == "before"
    assert {path.name for path in Path().iterdir()} == {"a", "a.html"}


@pytest.mark.parametrize("broken", ["bokeh", "jinja2"])
def test_a_missing_package_is_named(broken: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    run_directory(Path("a"), records(3))
    for name in [name for name in sys.modules if name.partition(".")[0] == broken]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, broken, None)
    wanted = f"needs {broken}, which is not installed; install it with: pip install 'bierl-fast[report]'"
    fails(capsys, 1, wanted, "report", "a", "--out", "a.html")


@pytest.mark.slow
def test_a_long_run_makes_no_large_page() -> None:
    short = len(bf.report(run_directory(Path("short"), records(1000))))
    assert len(bf.report(run_directory(Path("long"), records(20_000)))) < 2 * short
