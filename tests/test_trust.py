"""What a file names is imported where this user trained it here, or says that he trusts it; and never before."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import own_code
from helpers.outcomes import fails
from helpers.subprocesses import environment

import bierl_fast as bf
from bierl_fast import trust
from bierl_fast.archive import read_archive, write_archive
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.run.directory import RunDirectory

NUMBER = itertools.count()
SMALL: dict[str, Any] = {"meta": "none", "population": 4, "generations": 2, "hidden": (), "workers": 1}
ENV: dict[str, Any] = {**SMALL, "episode_cap": 20}


@pytest.fixture(name="own")
def own_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of the user's in the working directory, of a name that no other test has imported."""
    monkeypatch.chdir(tmp_path)
    another_user(monkeypatch, tmp_path / "state")
    path = own_code.write(tmp_path, f"users_code_{next(NUMBER)}")
    yield path
    own_code.forget(path)


def another_user(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


def train(own: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Path:
    """A run in `mine`, whose module is then as good as never imported."""
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(own.parent))
        bf.train(bf.Config(**settings), own.parent / "mine")
    own_code.forget(own)
    return own.parent / "mine"


NAMED: dict[str, Callable[[str], dict[str, Any]]] = {
    "a function": lambda name: {**SMALL, "task": f"{name}:bowl", "dim": 3, "hidden": (64, 64), "workers": None},
    "a factory": lambda name: {**ENV, "task": f"{name}:Arm"},
    "an id": lambda name: {**ENV, "task": f"{name}:{name}/Arm-v0"},
    "a behavior": lambda name: {**ENV, "task": "CartPole-v1", "behavior": f"{name}:descriptor"},
    "a policy": lambda name: {**ENV, "task": "CartPole-v1", "policy": f"{name}:network", "hidden": (64, 64)},
}


@pytest.mark.parametrize("what", NAMED)
def test_a_strangers_run_imports_nothing_until_it_is_trusted(
    what: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = train(own, monkeypatch, **NAMED[what](own.stem))
    assert entry(["evaluate", str(directory), "--episodes", "1", "--json"]) == 0  # it is this user's
    expected = json.loads(capsys.readouterr().out)["mean_return"]
    own_code.forget(own)

    another_user(monkeypatch, own.parent / "another")
    line = "names code, and is not as you trained it here (another's, copied, moved or changed): it would import "
    line += f"'{own.stem}' and "
    fails(capsys, 1, line, "evaluate", str(directory))
    fails(capsys, 1, line, "resume", str(directory), "--generations", "3")
    fails(capsys, 1, line, "diagnose", str(directory), "--proposals", "2")
    for call in (bf.evaluate, bf.resume, bf.diagnose):
        with pytest.raises(
            bf.TrustError, match=rf"{re.escape(line)}(call|make) .*; if you trust whoever wrote it, give --trust"
        ):
            call(directory)
    assert own_code.imports(own) == 0
    assert "." not in sys.path

    assert entry(["evaluate", str(directory), "--episodes", "1", "--json", "--trust"]) == 0
    assert json.loads(capsys.readouterr().out)["mean_return"] == expected
    with pytest.raises(bf.TrustError):  # that was said of that evaluation alone
        bf.evaluate(directory)
    assert entry(["resume", str(directory), "--generations", "3", "--quiet", "--trust"]) == 0
    assert entry(["evaluate", str(directory), "--episodes", "1"]) == 0  # this user trained it on


@pytest.mark.parametrize("what", ["a function", "a policy"])
def test_a_policys_file_is_a_file_of_its_own(what: str, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = train(own, monkeypatch, **NAMED[what](own.stem))
    monkeypatch.syspath_prepend(str(own.parent))
    assert bf.evaluate(directory / "policy.npz", episodes=1)["episodes"] == 1
    elsewhere = shutil.copy(directory / "policy.npz", own.parent / "copied.npz")
    kind: Any = bf.TorchPolicy if what == "a policy" else type(bf.make_evaluator("quadratic", dim=2).policy)
    with pytest.raises(bf.TrustError, match=r"copied\.npz names code"):
        bf.evaluate(elsewhere, episodes=1)
    assert bf.evaluate(elsewhere, episodes=1, trust=True)["episodes"] == 1
    assert bf.evaluate(kind.load(elsewhere, trust=True), episodes=1)["episodes"] == 1


def test_an_untrusted_policy_stays_one_whatever_is_made_of_it(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = train(own, monkeypatch, **NAMED["a factory"](own.stem))
    another_user(monkeypatch, own.parent / "another")
    policy = bf.Policy.load(directory / "policy.npz")  # which imports nothing
    policy.with_parameters(policy.parameters).save("mine.npz")
    for source in (policy, policy.with_statistics(policy.statistics), "mine.npz"):
        with pytest.raises(bf.TrustError, match="names code"):
            bf.evaluate(source, episodes=1)
    assert own_code.imports(own) == 0


def test_copied_moved_and_changed_directories_have_no_trust(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = train(own, monkeypatch, **NAMED["a function"](own.stem))
    monkeypatch.syspath_prepend(str(own.parent))
    assert bf.evaluate(directory, episodes=1)["episodes"] == 1
    assert bf.evaluate(f"{own.parent}/./mine", episodes=1)["episodes"] == 1  # the same place
    (own.parent / "link").symlink_to(directory)
    assert bf.evaluate(own.parent / "link", episodes=1)["episodes"] == 1
    shutil.copytree(directory, own.parent / "copied")
    text = (directory / "config.toml").read_text()
    for change in ("bowl", "population = 4"):
        (directory / "config.toml").write_text(text.replace(change, {"bowl": "Arm"}.get(change, "population = 6")))
        with pytest.raises(bf.TrustError, match=r"mine/config\.toml names code"):
            bf.evaluate(directory)
    with pytest.raises(bf.TrustError, match=r"copied/config\.toml names code"):
        bf.resume(own.parent / "copied", generations=3)
    (directory / "config.toml").write_text(text)
    assert bf.evaluate(directory, episodes=1)["episodes"] == 1


def test_a_policy_that_names_other_code_than_its_run(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = train(own, monkeypatch, **NAMED["a function"](own.stem))
    header, arrays = read_archive(directory / "policy.npz")
    changed = json.loads(header) | {"task": "shutil:rmtree", "task_kwargs": {"path": "\x1b[31m/home"}}
    write_archive(directory / "policy.npz", json.dumps(changed), arrays)
    with pytest.raises(bf.TrustError, match=r"import 'shutil' and call 'rmtree' with \(path='\\x1b\[31m/home'\)"):
        bf.evaluate(directory, episodes=1)


def test_nothing_is_asked_or_kept_where_no_code_is_named(
    own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bf.train(bf.Config(task="InvertedPendulum-v5", meta="none", population=4, generations=1, hidden=()), "plain")
    assert not (tmp_path / "state").exists()
    shutil.copytree("plain", "copied")
    another_user(monkeypatch, tmp_path / "another")
    assert bf.evaluate("copied", episodes=1)["episodes"] == 1
    assert len(bf.resume("copied", generations=2).metrics) == 2
    assert not (tmp_path / "another").exists()


def test_what_a_command_line_or_a_program_names_is_code(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And so is what a file names that stands on the command line, whoever wrote it."""
    settings = {"task": f"{own.stem}:bowl", "dim": 3, "meta": "none", "population": 4, "generations": 1}
    Path("file.toml").write_text(toml.dumps(bf.Config(**settings)))
    small = ["--meta", "none", "--population", "4", "--generations", "1", "--quiet"]
    assert entry(["train", f"{own.stem}:bowl", "--dim", "3", *small]) == 0
    assert entry(["train", "--config", "file.toml", "--quiet"]) == 0
    assert "." not in sys.path
    own_code.forget(own)
    spec = f'seeds = 1\nevaluation = {{episodes = 1}}\n[base]\ntask = "{own.stem}:bowl"\ndim = 3\ntotal_steps = 20\n'
    Path("spec.toml").write_text(spec + 'population = 4\nmeta = "none"\n[[strategies]]\nstrategy = "es"\n')
    assert entry(["compare", "spec.toml", "--out", "out", "--no-curves", "--quiet"]) == 0
    with pytest.raises(bf.TrustError):
        bf.evaluate(shutil.copytree("out", "copied") / next(Path("out").rglob("config.toml")).parent.relative_to("out"))


@pytest.mark.slow
def test_a_comparison_asks_about_what_its_own_file_does_not_name(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(own.parent))
    spec = {
        **{"seeds": 1, "evaluation": {"episodes": 1}, "strategies": [{"strategy": "es"}]},
        "base": {"task": f"{own.stem}:bowl", "dim": 3, "total_steps": 20, "population": 4, "meta": "none"},
    }
    bf.compare(spec, "out", curves=False)
    directory = RunDirectory(next(Path("out").rglob("config.toml")).parent)
    another_user(monkeypatch, own.parent / "another")
    (directory.path / "evaluation.json").unlink()
    assert not bf.compare(spec, "out", curves=False).failures  # by another user, who wrote the same file
    (directory.path / "evaluation.json").unlink()
    header, arrays = read_archive(directory.policy)
    write_archive(directory.policy, header.replace(":bowl", ":other"), arrays)
    (why,) = bf.compare(spec, "out", curves=False).failures.values()
    assert "policy.npz names code, and is not as you trained it here" in why
    assert f"import '{own.stem}' and call 'other'" in why
    (why,) = bf.compare(spec, "out", curves=False, trust=True).failures.values()
    assert "has no attribute 'other'" in why


def test_where_no_mark_can_be_kept_trust_is_asked_for(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own.parent / "full").write_text("no folder")
    another_user(monkeypatch, own.parent / "full")
    with pytest.warns(bf.RunWarning, match=r"that the run in .*mine is yours cannot be kept in .*full/bierl/trusted"):
        directory = train(own, monkeypatch, **NAMED["a function"](own.stem))
    monkeypatch.syspath_prepend(str(own.parent))
    with pytest.raises(bf.TrustError):
        bf.evaluate(directory)
    assert bf.evaluate(directory, trust=True, episodes=1)["episodes"] == 1


def test_a_policy_that_is_at_hand_is_trusted(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(own.parent))
    result = bf.train(bf.Config(**NAMED["a factory"](own.stem)))
    assert bf.evaluate(result.policy, episodes=1)["mean_return"] == 10.0
    result.policy.save("kept.npz")
    assert bf.evaluate("kept.npz", episodes=1)["mean_return"] == 10.0


def test_a_warm_start_runs_no_code(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names a meta-level and how it was made, which are looked up in tables and shown."""
    from bierl_fast.meta.generator_file import packaged

    header, arrays = read_archive(next(iter(packaged().values())))
    values = json.loads(header)
    values["made"]["tasks"] = [f"{own.stem}:bowl"]
    values["shape"]["meta"] = f"{own.stem}:bowl"
    write_archive(own.parent / "warm.npz", json.dumps(values), arrays)
    monkeypatch.syspath_prepend(str(own.parent))
    with pytest.raises(bf.BierlError):
        bf.train(bf.Config(task="quadratic", dim=3, warm_start="warm.npz", population=4, generations=1))
    assert own_code.imports(own) == 0


def test_long_names_are_cut_and_shown_as_text() -> None:
    text = str(trust.Named("task", "o\ns:\u202esystem", {"a": "b" * 10_000}))
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 3 * trust.LONGEST


def test_the_working_directory_is_no_place_of_modules_for_the_command(tmp_path: Path) -> None:
    """Not of the command's own imports, and not of what an untrusted file names."""
    for name in ("click", "rich", "platformdirs"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from here')")
    command = [sys.executable, "-m", "bierl_fast", "tasks"]
    found = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "Hopper-v5" in found.stdout
