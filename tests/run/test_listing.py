"""The runs of a folder at a glance: whatever state they are in, and nothing is touched."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from helpers.fakes import Fakes
from helpers.outcomes import fails

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.run.directory import RunDirectory

CONFIG = bf.Config(
    task="Parabola-v0", meta="none", population=6, generations=8, seed=5, sigma=0.3, eval_interval=3, eval_episodes=2
)


def stops(generation: int) -> bf.Callback:
    class Stops(bf.Callback):
        def after_generation(self, event: bf.GenerationEvent) -> None:
            if event.generation == generation:
                event.stop()

    return Stops()


@pytest.fixture
def folder(fakes: Fakes, tmp_path: Path) -> Path:
    """Two runs, one of them deeper, one that stopped early, one damaged in each of its files, and other things."""
    runs = tmp_path / "runs"
    bf.train(CONFIG, runs / "done")
    bf.train(CONFIG.replace(seed=7, eval_interval=0), runs / "deep" / "er" / "stopped", callbacks=[stops(4)])
    for name in ("config.toml", "metrics.jsonl", "checkpoint.npz"):
        bf.train(CONFIG, runs / f"bad {name}")
        (runs / f"bad {name}" / name).write_bytes(b"\xff\0{nonsense}\n\n")
    bf.train(CONFIG, runs / "gone")
    (runs / "gone" / "checkpoint.npz").unlink()
    (runs / "no run").mkdir()
    (runs / "no run" / "config.toml").write_text("generations = 3\n")  # a person's
    (runs / "notes.txt").write_text("of a person")
    return runs


def by_name(folder: Path) -> dict[str, bf.RunSummary]:
    return {one.path.name: one for one in bf.runs(folder)}


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_every_run_is_listed_as_it_stands(folder: Path) -> None:
    before = everything(folder)
    found = by_name(folder)
    assert everything(folder) == before
    states = {name: one.state for name, one in found.items()}
    assert states == {
        "done": "finished", "stopped": "interrupted", "gone": "damaged",
        **{f"bad {name}": "damaged" for name in ("config.toml", "metrics.jsonl", "checkpoint.npz")},
    }  # fmt: skip
    done, stopped = found["done"], found["stopped"]
    assert (done.task, done.strategy, done.meta, done.seed) == ("Parabola-v0", "es", "none", 5)
    assert (done.generations, done.score_of) == (8, "best evaluation")
    assert (stopped.generations, stopped.score_of, stopped.seed) == (5, "mean of candidates", 7)
    assert all(one.why for one in found.values() if one.state == "damaged")
    assert "checkpoint.npz is gone" in found["gone"].why
    assert all(one.when for one in found.values())


def test_a_folder_that_is_a_run_is_that_run(folder: Path) -> None:
    assert [one.path for one in bf.runs(folder / "done")] == [folder / "done"]


def test_the_latest_is_first(folder: Path) -> None:
    os.utime(folder / "done" / "metrics.jsonl", (2e9, 2e9))
    os.utime(folder / "deep" / "er" / "stopped" / "metrics.jsonl", (1e9, 1e9))
    names = [one.path.name for one in bf.runs(folder)]
    assert (names[0], names[-1]) == ("done", "stopped")


def test_a_run_under_way_is_running_as_far_as_it_has_got(fakes: Fakes, tmp_path: Path) -> None:
    seen: list[bf.RunSummary] = []

    class Looks(bf.Callback):
        def after_generation(self, event: bf.GenerationEvent) -> None:
            seen.extend(bf.runs(tmp_path))

    bf.train(CONFIG, tmp_path / "run", callbacks=[Looks()])
    assert [(one.state, one.generations) for one in seen] == [("running", number) for number in range(1, 9)]
    assert [one.state for one in bf.runs(tmp_path)] == ["finished"]


def test_a_run_before_its_first_checkpoint(tmp_path: Path, fakes: Fakes) -> None:
    bf.train(CONFIG, tmp_path / "run")
    for name in ("metrics.jsonl", "checkpoint.npz", "policy.npz", "best_policy.npz"):
        (tmp_path / "run" / name).unlink()
    (only,) = bf.runs(tmp_path)
    assert (only.state, only.generations, only.score) == ("interrupted", 0, None)
    assert bf.show(tmp_path / "run").next == (f"bierl resume {tmp_path / 'run'}",)
    (tmp_path / "run").rename(tmp_path / "it's a run")
    (command,) = bf.show(tmp_path / "it's a run").next
    assert shlex.split(command) == ["bierl", "resume", str(tmp_path / "it's a run")]  # for the shell


def test_the_page_of_a_run(folder: Path) -> None:
    page = bf.show(folder / "done")
    assert page.summary == by_name(folder)["done"]
    assert page.settings["sigma"] == 0.3
    assert page.settings["population"] == 6
    assert page.last["generation"] == 7
    assert page.files["policy.npz"] == (folder / "done" / "policy.npz").stat().st_size
    text = str(page)
    for word in ("finished", "Parabola-v0", "sigma", "0.3", "mean_return", "checkpoint.npz", "bierl evaluate"):
        assert word in text
    assert "bierl resume" not in text
    stopped = bf.show(folder / "deep" / "er" / "stopped")
    assert stopped.next[0] == f"bierl resume {folder / 'deep' / 'er' / 'stopped'}"


def test_what_a_strategy_takes_by_itself_is_no_setting_of_the_page(tmp_path: Path) -> None:
    given = {"task": "quadratic", "dim": 3, "strategy": "ars", "meta": "none", "generations": 2, "sigma": 0.3}
    bf.train(bf.Config(**given), tmp_path / "run")
    assert dict(bf.show(tmp_path / "run").settings) == given


def test_a_notebook_shows_the_page(folder: Path) -> None:
    assert repr(bf.show(folder / "done")) == str(bf.show(folder / "done"))
    found = by_name(folder)
    assert repr(found["stopped"]).startswith(f"<{found['stopped'].path}: interrupted, Parabola-v0, es, none, ")
    assert "damaged, its checkpoint.npz is gone" in repr(found["gone"])
    assert all(len(repr(one)) < 400 for one in found.values())


@pytest.mark.parametrize("name", ["bad config.toml", "bad metrics.jsonl", "bad checkpoint.npz", "gone"])
def test_the_page_of_a_damaged_run_says_what_is_wrong(name: str, folder: Path) -> None:
    page = bf.show(folder / name)
    assert page.summary.state == "damaged"
    assert page.summary.why in str(page)
    assert page.files


@pytest.mark.parametrize("place", ["absent", "no run/none"])
def test_where_there_is_no_run(place: str, folder: Path) -> None:
    with pytest.raises(bf.RunDirectoryError, match="no run directory at"):
        bf.show(folder / place)
    with pytest.raises(bf.RunDirectoryError, match="there is no folder"):
        bf.runs(folder / place)
    (folder / "empty").mkdir()
    with pytest.raises(bf.RunDirectoryError, match="holds no run"):
        bf.show(folder / "empty")
    assert bf.runs(folder / "empty") == []


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry(["runs", str(folder)]) == 0
    out = capsys.readouterr().out.splitlines()
    head = "run state task strategy meta seed score generations steps when"
    assert out[0].split() == head.split()
    assert len([line for line in out if " damaged  " in line]) == 4
    assert any(line.startswith(f"{folder / 'gone'}: its checkpoint.npz is gone") for line in out)
    assert entry(["runs", str(folder), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in listed} == {"finished", "interrupted", "damaged"}
    assert entry(["show", str(folder / "done")]) == 0
    assert capsys.readouterr().out == f"{bf.show(folder / 'done')}\n"
    assert entry(["show", str(folder / "done"), "--json"]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (shown["summary"]["state"], shown["settings"]["population"]) == ("finished", 6)
    fails(capsys, 1, "no run directory at absent", "show", "absent")
    fails(capsys, 1, "there is no folder absent", "runs", "absent")
    monkeypatch.chdir(folder / "no run")
    assert entry(["runs"]) == 0
    assert "bierl train TASK makes one" in capsys.readouterr().out


def test_only_the_end_of_long_metrics_is_read(folder: Path) -> None:
    from bierl_fast.run import metrics

    file = RunDirectory(folder / "done").metrics
    whole = metrics.read(file)
    assert metrics.latest(file) == whole
    size = len(file.read_bytes().splitlines(keepends=True)[-1])
    assert metrics.latest(file, most=size + 10) == whole[-1:]
    with file.open("ab") as writing:
        writing.write(b'{"generation": 8, "env_')  # as another process writes it just now
    assert metrics.latest(file) == whole
