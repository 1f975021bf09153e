"""Paths as they are typed: what names nothing is refused, and what cannot be is said in one line that names it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import click
import pytest
from helpers.subprocesses import TIMEOUT, command, environment

import bierl_fast as bf
from bierl_fast.cli.main import COMMANDS, MEANT, cli, entry
from bierl_fast.cli.parameters import OF_COMMANDS, PathType
from bierl_fast.cli.pretraining import _saved
from bierl_fast.cli.sweeping import _closing_line
from bierl_fast.run.directory import RunDirectory
from bierl_fast.sweeping.api import Sweep
from bierl_fast.sweeping.results import TrialRow

TRAIN = ("train", "quadratic", "--dim", "2", "--population", "4", "--meta", "none", "--generations", "1", "--quiet")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = entry(list(words))
    text = capsys.readouterr().err
    assert text.count("\n") == 1, text
    return code, text.removeprefix("bierl: error: ").strip()


def test_paths_in_what_is_offered_are_quoted_for_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--meta", "linear", "--rounds", "1", "--distribution", "standard")
    assert entry(["pretrain", "quadratic", *words, "--out", "a b.npz"]) == 0
    assert capsys.readouterr().out.endswith("; bierl train TASK --warm-start 'a b.npz'\n")
    assert _saved(Path("a b.npz"), "run", None).endswith("`bierl pretrain --out 'a b.npz' --resume`")
    row = TrialRow(0, "complete", 1.0, {})
    swept = Sweep([row], row, None, Path("a b"), "study", "sqlite:///study.db")
    assert _closing_line(swept).endswith("next: bierl train --config 'a b/best.toml'")
    run = tmp_path / "a run"
    run.mkdir()
    (run / "warm_start.npz").write_bytes(b"")
    offered = f"--warm-start '{run}/warm_start.npz' --warm-start-task none"
    with pytest.raises(bf.RunDirectoryError, match=offered), RunDirectory(run).before_the_run():
        pass


@pytest.mark.parametrize(
    "words",
    [
        (*TRAIN, "--run-dir", ""),
        (*TRAIN, "--config", ""),
        (*TRAIN, "--warm-start", "", "--meta", "linear"),
        (*TRAIN, "--preset", ""),
        ("resume", ""),
        ("evaluate", ""),
        ("diagnose", ""),
        ("compare", ""),
        ("compare", "spec.toml", "--out", ""),
        ("pretrain", "quadratic", "--out", ""),
        ("pretrain", "quadratic", "--out", "x.npz", "--config", "", "--credit", "one_step"),
        ("plot", ""),
        ("report", "", "--out", "x.html"),
        ("report", "run", "--out", ""),
        ("export", "", "--format", "c", "--out", "x.h"),
        ("export", "run", "--format", "c", "--out", ""),
        ("record", "", "--out", "x.gif"),
        ("record", "run", "--out", ""),
        ("watch", ""),
        ("show", ""),
        ("runs", ""),
    ],
)
def test_an_empty_path_is_not_the_working_directory(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text('[base]\ntask = "quadratic"\ndim = 2\ntotal_steps = 9\n')
    code, text = said(capsys, *words)
    assert code == 2
    assert "names no file and no directory" in text or "warm_start must name" in text or "no preset named ''" in text
    assert [file.name for file in tmp_path.iterdir()] == ["spec.toml"]


def test_every_path_of_every_command_is_looked_at() -> None:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        paths = [parameter for parameter in command.params if isinstance(parameter.type, click.Path)]
        assert all(isinstance(parameter.type, PathType) for parameter in paths), name


def test_what_another_command_is_for_names_commands() -> None:
    assert OF_COMMANDS.keys() <= COMMANDS.keys()
    assert not MEANT.keys() & COMMANDS.keys()


def test_empty_paths_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = bf.Config(task="quadratic", dim=2, population=4, meta="none", generations=1, threads=1)
    policy = bf.train(config).policy
    for call in (
        lambda: bf.train(config, run_dir=""),
        lambda: bf.resume(""),
        lambda: bf.evaluate(""),
        lambda: bf.compare("", "out"),
        lambda: bf.compare({}, ""),
        lambda: bf.diagnose(""),
        lambda: bf.pretrain(""),
        lambda: policy.save(""),
        lambda: type(policy).load(""),  # type: ignore[attr-defined]
        lambda: bf.Config(task="quadratic", warm_start=""),
    ):
        with pytest.raises(bf.ConfigError, match=r"must (name|be a) .*(''|path)"):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("pretrain", "quadratic", "--out", "."), 2, "out must be a file, and . is a directory"),
        (("pretrain", "quadratic", "--out", "folder"), 2, "out must be a file, and folder is a directory"),
        (("pretrain", "quadratic", "--out", "none/x.npz"), 2, "there is no folder none"),
        (("compare", "spec.toml", "--out", "spec.toml"), 2, "out must be a directory, and spec.toml is a file"),
        (("compare", "spec.toml", "--out", "spec.toml/x"), 1, "Not a directory: 'spec.toml/x'; a part of the path is"),
        (("compare", "folder"), 2, "folder: cannot be read: Is a directory"),
        ((*TRAIN, "--run-dir", "spec.toml"), 1, "spec.toml is a file; a run needs a directory"),
        ((*TRAIN, "--run-dir", "spec.toml/run"), 1, "Not a directory: 'spec.toml/run'; a part of the path is a file"),
        ((*TRAIN, "--run-dir", "x" * 300), 1, "File name too long: 'xxx"),
        ((*TRAIN, "--config", "folder"), 2, "cannot read folder: Is a directory"),
        ((*TRAIN, "--task-kwarg", "noise=" + "[" * 50_000), 2, "is not name=value, the value a word"),
        ((*TRAIN, "--task-kwarg", 'noise="\\ud800"'), 2, "is not name=value, the value a word"),
        ((*TRAIN, "--task-kwarg", "a\udcff=1"), 2, "must be text that can be written as UTF-8"),
        ((*TRAIN, "--behavior", "\udcff"), 2, "behavior must be text that can be written as UTF-8"),
        ((*TRAIN, "--generations", "9" * 5000), 2, ""),
        (("evaluate", "folder"), 1, "folder holds no run: config.toml is missing"),
        (("evaluate", "spec.toml"), 1, "spec.toml is damaged or not an archive of this project"),
    ],
)
def test_one_line_that_names_it(
    words: tuple[str, ...],
    code: int,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "spec.toml").write_text('[base]\ntask = "quadratic"\ndim = 2\ntotal_steps = 9\nmeta = "none"\n')
    got, line = said(capsys, *words)
    assert text in line
    assert got == code
    assert len(line) < 1500
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "spec.toml"]
    assert list((tmp_path / "folder").iterdir()) == []


def test_save_names_the_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    policy = bf.make_evaluator("InvertedPendulum-v5", threads=1).policy
    for path in (".", "..", "none/policy.npz", "x" * 300):
        with pytest.raises(OSError, match=rf"'{path}'$"):
            policy.save(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_byte_order_mark_is_read_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    mark = "\ufeff"
    (tmp_path / "my.toml").write_text(mark + 'task = "quadratic"\r\ndim = 2\r\nmeta = "none"\r\npopulation = 4\r\n')
    assert entry(["train", "--config", "my.toml", "--generations", "1", "--run-dir", "run", "--quiet"]) == 0
    for name in ("config.toml", "manifest.json", "metrics.jsonl"):  # looked at in an editor, and saved
        file = tmp_path / "run" / name
        file.write_text(mark + file.read_text())
    assert bf.show("run").summary.generations == 1
    assert entry(["resume", "run", "--generations", "2", "--quiet"]) == 0
    (tmp_path / "spec.toml").write_text(mark + '[base]\ntask = "quadratic"\ndim = 2\ntotal_steps = 9\nmeta = "none"\n')
    assert bf.compare("spec.toml", "out", jobs=1, curves=False).failures == {}
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_a_directory_whose_name_is_no_text(tmp_path: Path) -> None:
    """Its name is written as it came."""
    code = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"
    name = os.fsdecode(bytes(tmp_path / "run-") + b"\xff")
    words = [*command(code), *TRAIN[:-1], "--run-dir", name]
    done = subprocess.run(words, env=environment(PYTHONUTF8="1"), capture_output=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert b"run directory: " + os.fsencode(name) in done.stdout


@pytest.mark.parametrize("words", [TRAIN, ("pretrain", "quadratic", "--out", "x.npz"), ("tasks",)])
def test_a_working_directory_that_is_gone(words: tuple[str, ...]) -> None:
    code = (
        "import os, sys, tempfile; from bierl_fast.cli.main import entry; folder = tempfile.mkdtemp(); "
        "os.chdir(folder); os.rmdir(folder); sys.exit(entry(sys.argv[1:]))"
    )
    done = subprocess.run(
        [*command(code), *words], env=environment(), capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    said = "No such file or directory: '.'; the working directory is gone; change to one that is there"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"bierl: error: [Errno 2] {said}\n")
