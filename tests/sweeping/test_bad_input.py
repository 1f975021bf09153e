"""What no sweep can be made of is told in one line, before anything is trained or written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from optuna.storages import InMemoryStorage
from sweeping.specs import SPACE, PlayedCrew, described

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.run.directory import RunDirectory


def over(**space: Any) -> dict[str, Any]:
    return described(space=space)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (over(simga={"low": 0.1, "high": 0.2}), r"space: no setting named 'simga'; did you mean 'sigma'\?"),
        (over(lr={"low": 0.1, "high": 0.2}), r"space: no setting named 'lr'; did you mean 'learning_rate'\?"),
        (over(seed={"choices": [1, 2]}), "space: seed has no place in a space: seeds are the sweep's own key"),
        (over(threads={"choices": [1, 2]}), "space: threads has no place in a space: every run has one thread"),
        (over(total_steps={"low": 9, "high": 99}), "total_steps has no place in a space: trials are compared at one"),
        ({"base": {"task": "quadratic"}}, r"the sweep: no \[space\]: give a setting with its range, sigma = {low"),
        (over(), "the sweep: space: it is empty; give a setting with its range"),
        (over(sigma=0.1), "space: sigma: a table was wanted, got 0.1"),
        (over(sigma={"low": 0.1}), r"space: sigma: give low and high, or choices = \[...\], got {'low': 0.1}"),
        (over(sigma={"low": 0.1, "hi": 1}), "space: sigma: no key of a range named 'hi'; did you mean 'high'"),
        (over(sigma={"low": 0.2, "high": 0.1}), "sigma: low and high must be low < high, got 0.2 and 0.1"),
        (over(alive_offset={"low": 0.0, "high": 1.0, "log": True}), "must be 0 < low < high, got 0.0 and 1.0"),
        (over(sigma={"low": "a", "high": 0.1}), "sigma: low must be a number, got 'a'"),
        (over(sigma={"low": 0.1, "high": 0.2, "log": "yes"}), "sigma: log must be true or false, got 'yes'"),
        (over(sigma={"low": 0.1, "high": 0.2, "step": 1.0}), "sigma: step: it must be above 0 and at most"),
        (over(population={"low": 8, "high": 16.5}), "population: high must be a whole number, got 16.5"),
        (over(population={"low": 0, "high": 16}), "population: population must be at least 2 .*got 0"),
        (over(population={"low": 8, "high": 16}), "population: 9, within its range, is refused: population must be"),
        (over(population={"choices": [8, 9]}), "space: population: 9, one of its choices, is refused: population must"),
        (over(sigma={"low": -1.0, "high": 1.0}), "space: sigma: sigma must be finite and above 0.0, got -1.0"),
        (
            over(shaping={"choices": ["log_rnk", "raw"]}),
            "shaping: 'log_rnk', one of its .*no shaping named .*'log_rank'",
        ),
        (
            over(strategy={"choices": ["es", "arz"]}),
            "strategy: 'arz', one of its choices, is refused: no strategy .*'ars'",
        ),
        (
            over(task={"choices": ["quadratic", "akley"]}),
            "task: 'akley', one of its choices, is refused: no function .*ackley",
        ),
        (
            over(**{"task_kwargs.shift_radios": {"low": 0.1, "high": 0.2}}),
            "shift_radios: 0.1, within its range, is refused: no option of quadratic .* mean 'shift_radius'",
        ),
        (over(winner_share={"low": 0.5, "high": 0.9}), "winner_share: 0.5, within .* strategy 'es' takes no option"),
        (over(strategy={"low": 1, "high": 2}), r"strategy is a string, and has no range; give choices = \[...\]"),
        (over(hidden={"choices": [[8], [8]]}), r"choices must be a list of values, each once and at least one"),
        (over(hidden={"choices": []}), "choices must be a list of values"),
        (over(sigma={"choices": [0.1], "low": 0.1}), "choices need no low"),
        (over(sigma={"choices": [0.1, 0.2], "only": {"top": [1]}}), "no other setting of the space named 'top'"),
        (over(sigma={**SPACE["sigma"], "only": {"crn": ["x"]}}, crn={"choices": ["none"]}), "only.crn: 'x' is none of"),
        (described({"simga": 1}), "base: no setting named 'simga'; did you mean 'sigma'"),
        (described({"seed": 1}), "base: seed has no place in a sweep: seeds are the sweep's own key"),
        (described({"generations": None}), "the sweep: base: a run needs an end: give generations"),
        (described({"task": "quadratc"}), "the sweep: base: .*quadratc"),
        (
            described({"eval_interval": 0}, pruner="median"),
            "a pruner looks at reporting evaluations, and there are none",
        ),
        (described({"eval_interval": 0}, objective="best"), "objective 'best' takes reporting evaluations"),
        (described(objective="last"), "no objective named 'last'; did you mean 'best'"),
        (described(trails=9), "the sweep: no key named 'trails'; did you mean 'trials'"),
        (described(trials=0), "trials must be a whole number of at least 1"),
        (described(seeds=[1_000_000]), "seed 1000000 is evaluation's too"),
        (described(sampler="tpee"), r"no sampler named 'tpee'; did you mean 'tpe'\?"),
        (described(sampler={"name": "tpe", "n_startup": 3}), "no option of sampler 'tpe' named 'n_startup'; did you"),
        (described(sampler={"n_startup_trials": 3}), "sampler must be a name, or a table with a name"),
        (described(sampler="grid"), "a grid needs a step, or choices, for learning_rate: its range has no end"),
        (described(sampler="os.path:join"), "sampler: os.path:join is no class of Optuna's BaseSampler"),
        (described(pruner={"name": "median", "n_warmup_steps": -1}), "pruner 'median' cannot be made: .*negative"),
        (described(pruner="medan"), "no pruner named 'medan'; did you mean 'median'"),
        (described(storage=7), "storage must be a URL, such as sqlite:///sweep.db, got 7"),
    ],
)
def test_a_sweep_that_cannot_be(
    spec: Mapping[str, Any], message: str, tmp_path: Path, played: type[PlayedCrew]
) -> None:
    spec = {**spec, "base": {name: value for name, value in spec["base"].items() if value is not None}}
    with pytest.raises(bf.ConfigError, match=message) as raised:
        bf.sweep(spec, "out")
    assert "\n" not in str(raised.value)
    assert played.begun == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused_beside_another_value_alone_fails_its_trials(played: type[PlayedCrew]) -> None:
    """A range is not at fault for what another of the space makes of it; the search goes on."""
    space = {"optimizer": {"choices": ["gradient", "momentum"]}, "meta": {"choices": ["none", "csa"]}}
    found = bf.sweep(
        described({"momentum": 0.95}, trials=12, sampler="random", space=space), "out", storage=InMemoryStorage()
    )
    assert {row.state for row in found.trials} == {"complete", "failed"}
    for row in found.trials:
        both = row.settings == {"optimizer": "momentum", "meta": "csa"}
        assert (row.state == "failed") == both
        assert ("csa" in row.why) == both


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": {**SPACE, "sigma": {"low": 0.02, "high": 0.5, "log": True}}}, "space.sigma was {'high': 0.5, 'log'"),
        ({"base": {**described()["base"], "dim": 6}}, "base.dim was 5, is 6"),
        ({"seeds": 2}, r"seeds was \[0\], is \[0, 1\]"),
        ({"sampler": "random"}, "sampler was 'tpe', is 'random'"),
        ({"storage": "sqlite:///other.db"}, "storage was 'study.db', is 'sqlite:///other.db'"),
    ],
)
def test_a_spec_that_was_changed_since(change: dict[str, Any], message: str, played: type[PlayedCrew]) -> None:
    bf.sweep(described(trials=1), "out")
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    with pytest.raises(bf.RunDirectoryError, match=f"out holds a sweep that was described otherwise: .*{message}"):
        bf.sweep({**described(trials=1), **change}, "out")
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before
    assert not Path("other.db").exists()


@pytest.mark.slow
def test_a_study_is_one_sweeps(played: type[PlayedCrew]) -> None:
    spec = described(trials=1, storage="sqlite:///one.db", study="mine")
    bf.sweep(spec, "a")
    with pytest.raises(bf.RunDirectoryError, match=r"the study 'mine' in sqlite:///one.db is another sweep's"):
        bf.sweep(spec, "b")
    assert bf.sweep({**spec, "study": "other"}, "c").study == "other"
    Path("one.db").unlink()
    with pytest.raises(bf.RunDirectoryError, match=r"the study 'mine' in sqlite:///one.db is gone"):
        bf.sweep(spec, "a")
    with RunDirectory(Path("a")).held(), pytest.raises(bf.RunDirectoryError, match="the sweep in a is under way"):
        bf.sweep(spec, "a")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////nowhere/at/all/study.db", "cannot be used: .*unable to open database file"),
        (
            "mysql+nodriver://me:secret@127.0.0.1:1/x",
            r"the storage mysql\+nodriver://me:\*\*\*@127.0.0.1:1/x cannot be used",
        ),
        ("study.db", "the storage study.db cannot be used"),
        ("redis://127.0.0.1:1", "the storage redis://127.0.0.1:1 cannot be used"),
    ],
)
def test_a_storage_that_is_not_there(
    url: str, message: str, played: type[PlayedCrew], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("spec.toml").write_text(tomli_w.dumps(described(trials=1)))
    assert entry(["sweep", "spec.toml", "--out", "out", "--storage", url]) == 1
    err = capsys.readouterr().err
    assert "secret" not in err
    assert err.count("\n") == 1
    with pytest.raises(bf.SweepError, match=message):
        bf.sweep(described(trials=1), "other", storage=url)
    for written in Path.cwd().rglob("sweep.json"):
        assert "secret" not in written.read_text()


def test_a_storage_that_is_gone_in_the_middle(played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch) -> None:
    storage = InMemoryStorage()

    def gone(*_: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(storage, "set_trial_state_values", gone)
    with pytest.raises(bf.SweepError, match="the storage <InMemoryStorage> cannot be used: no route to host"):
        bf.sweep(described(trials=2), "out", storage=storage)


def test_without_optuna(
    monkeypatch: pytest.MonkeyPatch, played: type[PlayedCrew], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "optuna"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna", None)
    Path("spec.toml").write_text(tomli_w.dumps(described(trials=1)))
    assert entry(["sweep", "spec.toml"]) == 1
    err = capsys.readouterr().err
    assert err == (
        "bierl: error: a sweep needs optuna, which is not installed; install it with: pip install 'bierl-fast[sweep]'\n"
    )
    assert not Path("sweeps").exists()


def test_the_command_lines_own(played: type[PlayedCrew], capsys: pytest.CaptureFixture[str]) -> None:
    Path("spec.toml").write_text(tomli_w.dumps(described(trials=1)))
    Path("bad.toml").write_text("trials = ")
    Path("file").touch()
    for arguments, message in (
        (["absent.toml"], "absent.toml: cannot be read"),
        (["bad.toml"], "bad.toml: not valid TOML"),
        (["spec.toml", "--jobs", "0"], "jobs must be at least 1"),
        (["spec.toml", "--out", "file"], "out must be a directory, and file is a file"),
        (["spec.toml", "--jbos", "1"], "no option --jbos; did you mean '--jobs'?"),
    ):
        assert entry(["sweep", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1
