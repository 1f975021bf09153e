"""`bierl pretrain`: what it takes by its credit, and trainings that stop and go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.subprocesses import TIMEOUT, running
from helpers.warm_starts import CHEAP, SHAPE, Interrupting, shorten

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.errors import ArgumentTypeError, ConfigError
from bierl_fast.meta.generator_file import WarmStart, packaged
from bierl_fast.pretraining import inner_runs
from bierl_fast.pretraining.api import pretrain
from bierl_fast.pretraining.plan import PretrainSettings

PAPER = Path(toml.presets()["paper"])


@pytest.fixture(name="short")
def short_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)


@pytest.mark.slow
def test_by_one_step_goes_from_task_to_task(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    tasks, settings = ("InvertedPendulum-v5", "rastrigin"), {**CHEAP, **SHAPE, "population": 8, "threads": 1}
    out = tmp_path / "start.npz"
    found = pretrain(
        out, tasks, credit="one_step", steps=2000, dim=6, seed=4, meta_budget=0.5, observer=seen.append, **settings
    )
    assert found.made == {"credit": "one_step", "tasks": list(tasks), "seed": 4}
    assert found.steps >= 4000
    assert (found.shape.encoder_size, found.shape.generator_output) == (6, "absolute")
    assert [task for task in tasks if any(record["task"] == task for record in seen)] == list(tasks)
    np.testing.assert_array_equal(WarmStart.load(out).weights, found.weights)
    first = pretrain(
        tmp_path / "first.npz", tasks[:1], credit="one_step", steps=2000, seed=4, meta_budget=0.5, **settings
    )
    run = bf.Config(task="quadratic", dim=4, generations=1, seed=4, meta_budget=0.5, **settings)
    bf.train(run.replace(warm_start_task=tasks[0], warm_start_limit=2000), tmp_path / "run")
    inside = WarmStart.load(tmp_path / "run" / "warm_start.npz")
    np.testing.assert_array_equal(first.weights, inside.weights)  # a file is what a run learns itself


def test_the_paper_presets_own_words_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its header's two commands, with fewer steps and weights."""
    monkeypatch.chdir(tmp_path)
    text = " ".join(line.lstrip("# ") for line in PAPER.read_text().splitlines() if line.startswith("#"))
    commands = [command.split()[1:] for command in re.findall(r"`(bierl [^`]*)`", text)]
    assert [command[0] for command in commands] == ["pretrain", "train"]
    made, used = commands
    small = {"encoder_size": 8, "population": 8, "quantiles": 8, "meta_candidates": 4, "meta_episodes": 1}
    changes = {**small, "meta_interval": 1, "shaping": "log_rank", "threads": 1}
    flags = [text for name, value in changes.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    made[made.index("--steps") + 1] = "1500"
    used[used.index("TASK")] = "Swimmer-v5"
    assert entry([*made, *flags, "--quiet"]) == 0
    ends = ["--generations", "1", "--episode-cap", "20", "--run-dir", "run", "--quiet"]
    assert entry([*used, *flags, *ends]) == 0
    found = WarmStart.load(made[made.index("--out") + 1])
    assert (found.shape.adapt, found.shape.generator_output) == (("sigma",), "absolute")
    assert toml.read(Path("run/config.toml"))["sigma_range"] == [0.02, 0.08]


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"population": 8},
        "credit 'run' does not use population; it uses meta, .*, seed, threads; or take credit 'one_step'",
    ),
    ({"base": {"population": 8}}, "credit 'run' takes no preset and no file of settings"),
    ({"steps": 5}, "credit 'run' does not use steps, got 5; leave steps out"),
    ({"credit": "one_step", "rounds": 5}, "credit 'one_step' does not use rounds, got 5"),
    ({"credit": "one_step", "generations": 5}, "its own tasks and steps, and does not use generations; leave it out"),
    ({"credit": "one_step", "steps": 5, "tasks": ["quadratic"]}, "the function 'quadratic' takes dim"),
    (
        {"credit": "one_step", "steps": "20M", "tasks": ["ackley"]},
        "the function 'ackley' takes dim",
    ),  # steps may be many
    ({"credit": "one_step", "steps": 2**53 + 1}, "steps must be at least 1 and at most 9007199254740992, got"),
    ({"credit": "one_step", "steps": 5}, "needs the tasks to learn on, got none; name at least one"),
    ({"credit": "one_step", "resume": True, "tasks": ["ackley"]}, "cannot resume; leave resume .--resume. out"),
    ({"horizon": 0}, "horizon must be at least 1 and at most .*, got 0"),
    ({"horizon": float("nan")}, "horizon must be an integer or none, got nan"),
    ({"rounds": 2.5}, r"rounds must be an integer or none, got 2\.5"),
    ({"rounds": True}, "rounds must be an integer or none, got True"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_what_a_credit_does_not_use_is_refused(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        pretrain(tmp_path / "start.npz", **given)
    assert list(tmp_path.iterdir()) == []


def test_one_name_is_no_list_of_them(tmp_path: Path) -> None:
    """It would be taken letter by letter."""
    with pytest.raises(ArgumentTypeError, match=r"tasks must be a list, got 'quadratic'; give \['quadratic'\]"):
        pretrain(tmp_path / "start.npz", "quadratic")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_stopped_and_gone_on_is_never_stopped(short: None, tmp_path: Path) -> None:
    """The same file, header and all; the second time nothing has to be said again, and threads count for nothing."""
    paths = [tmp_path / name for name in ("whole.npz", "parts.npz")]
    pretrain(paths[0], ("ackley",), rounds=4, seed=3, **SHAPE)
    pretrain(paths[1], ("ackley",), rounds=2, horizon=4, seed=3, **SHAPE)
    assert WarmStart.load(paths[1]).made["rounds"] == 2
    pretrain(paths[1], resume=True, threads=2)
    whole, parts = (dict(np.load(path)) for path in paths)
    assert whole.keys() == parts.keys()
    assert all(whole[name].tobytes() == parts[name].tobytes() for name in whole)
    pretrain(paths[1], resume=True, rounds=5)
    assert (WarmStart.load(paths[1]).made["rounds"], WarmStart.load(paths[1]).made["horizon"]) == (5, 4)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 4}, "is being trained with seed 3, got 4; leave seed out to go on with it"),
        ({"tasks": ("ackley", "quadratic")}, r"with tasks \('ackley',\), got \('ackley', 'quadratic'\)"),
        ({"horizon": 3}, "with horizon 1, got 3"),
        ({"encoder_size": 8}, "with encoder_size 6, got 8"),
    ],
)
def test_what_the_file_does_not_say_is_refused(
    short: None, tmp_path: Path, asked: dict[str, Any], message: str
) -> None:
    path = tmp_path / "start.npz"
    pretrain(path, ("ackley",), rounds=1, seed=3, **SHAPE)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=message):
        pretrain(path, resume=True, rounds=2, **asked)
    assert path.read_bytes() == before
    same: dict[str, Any] = {"tasks": ("ackley",), "seed": 3, "horizon": 1, **SHAPE}
    assert pretrain(path, resume=True, rounds=2, **same).made["rounds"] == 2
    with pytest.raises(ConfigError, match="has 2 rounds already, got rounds 1; give more"):
        pretrain(path, resume=True, rounds=1)


def test_a_file_without_a_horizon_goes_on(short: None, tmp_path: Path) -> None:
    """As the packaged ones are: their rounds are the horizon."""
    path = tmp_path / "start.npz"
    found = pretrain(path, ("ackley",), rounds=1, **SHAPE)
    old = {name: value for name, value in found.made.items() if name != "horizon"}
    WarmStart(found.shape, found.weights, found.steps, old, found.training).save(path)
    assert pretrain(path, resume=True, rounds=2).made["horizon"] == 1
    assert PretrainSettings.read(WarmStart.load(packaged()["lstm"]).made).horizon == 300


@pytest.mark.parametrize(("meta", "suited"), [("mlp", (0.1, 0.03, "standard")), ("linear", (0.15, 0.06, "wide"))])
def test_a_training_suits_its_encoder_and_stays_as_it_was(
    short: None, tmp_path: Path, meta: str, suited: tuple[float, float, str]
) -> None:
    """A file that says nothing of its distribution, as those of earlier versions, had the standard one."""
    path = tmp_path / "start.npz"
    found = pretrain(path, ("ackley",), rounds=1, **{**SHAPE, "meta": meta})
    assert tuple(found.made[name] for name in ("sigma", "learning_rate", "distribution")) == suited
    old = {name: value for name, value in found.made.items() if name != "distribution"}
    WarmStart(found.shape, found.weights, found.steps, old, found.training).save(path)
    gone_on = pretrain(path, resume=True, rounds=2).made
    assert (gone_on["sigma"], gone_on["distribution"]) == (suited[0], "standard")


@pytest.mark.parametrize(("output", "settling"), [("relative", 10.0), ("absolute", None)])
def test_relative_moves_settle_unless_said_otherwise(
    short: None, tmp_path: Path, output: str, settling: float | None
) -> None:
    """A file that says nothing of it, as those of earlier versions, goes on without."""
    path = tmp_path / "start.npz"
    shape = {**SHAPE, "generator_output": output}
    found = pretrain(path, ("ackley",), rounds=1, **shape)
    assert found.shape.meta_settling == settling
    WarmStart(replace(found.shape, meta_settling=None), found.weights, 0, found.made, found.training).save(path)
    assert pretrain(path, resume=True, rounds=2).shape.meta_settling is None


def test_one_process_trains_a_file(short: None, tmp_path: Path) -> None:
    """Another would write over what the first has learned."""
    out, seen = tmp_path / "start.npz", []

    def second(record: dict[str, Any]) -> None:
        seen.append(record)
        with pytest.raises(ConfigError, match=r"start\.npz is being trained by another process; wait until"):
            pretrain(out, ("ackley",), rounds=1, **SHAPE)

    pretrain(out, ("ackley",), rounds=1, observer=second, **SHAPE)
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == [out]
    assert pretrain(out, rounds=2, resume=True).made["rounds"] == 2


def test_a_file_is_meant_before_a_packaged_one_of_its_name(
    short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = pretrain("lstm", ("ackley",), rounds=1, **SHAPE)
    assert WarmStart.load("lstm").fingerprint == own.fingerprint
    assert pretrain("lstm", rounds=2, resume=True).made["rounds"] == 2
    Path("lstm").unlink()
    assert WarmStart.load("lstm").weights.size != own.weights.size


def test_a_file_of_another_credit_does_not_go_on(tmp_path: Path, short: None) -> None:
    found = pretrain(tmp_path / "start.npz", ("ackley",), rounds=1, **SHAPE)
    other = tmp_path / "other.npz"
    WarmStart(found.shape, found.weights, found.steps, {"credit": "one_step", "tasks": ["a"]}).save(other)
    with pytest.raises(ConfigError, match="holds no training of credit 'run' to go on with"):
        pretrain(other, resume=True)


def test_ctrl_c_keeps_the_last_whole_round(
    short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes in the middle of the third round; what goes on from the file is what was never stopped."""
    options = ["--meta", "mlp", "--encoder-size", "6", "--generator-hidden", "5", "--quantiles", "5", "--history", "4"]
    whole, stopped = (str(tmp_path / name) for name in ("whole.npz", "stopped.npz"))
    assert entry(["pretrain", "ackley", "--out", whole, "--rounds", "4", *options]) == 0
    plain, calls = inner_runs.run_side_by_side, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2 * 2 + 2:  # two problems a round
            raise KeyboardInterrupt
        return plain(*arguments)

    with monkeypatch.context() as keys:
        keys.setattr(inner_runs, "run_side_by_side", interrupted)
        assert entry(["pretrain", "ackley", "--out", stopped, "--rounds", "4", *options]) == 130
    assert f"go on with `bierl pretrain --out {stopped} --resume --rounds 4`" in capsys.readouterr().err
    assert WarmStart.load(stopped).made["rounds"] == 2
    assert entry(["pretrain", "--out", stopped, "--resume", "--rounds", "4"]) == 0
    ends = [dict(np.load(path)) for path in (whole, stopped)]
    assert all(ends[0][name].tobytes() == ends[1][name].tobytes() for name in ends[0])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_training_that_is_ended_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    """Its processes are in its group, as a terminal would have them; Ctrl-C saves what there is."""
    code = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"
    out = tmp_path / "start.npz"
    command = ["pretrain", "ackley", "--out", str(out), "--meta", "linear", "--rounds", "100000", "--threads", "2"]
    with running([sys.executable, "-P", "-c", code, *command], stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("round "), first
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.kill()
        # The end of the output is the end of everybody who held it.
        assert ("saved" in process.stdout.read()) == (number == signal.SIGINT)
        assert process.wait(TIMEOUT) == (130 if number == signal.SIGINT else -number)


def test_ctrl_c_in_one_step_keeps_what_was_learned(tmp_path: Path) -> None:
    out = tmp_path / "start.npz"
    settings: dict[str, Any] = {"credit": "one_step", "dim": 5, "population": 8, **CHEAP, **SHAPE}
    with pytest.raises(KeyboardInterrupt):
        pretrain(out, ("quadratic",), observer=Interrupting(), **settings)
    assert WarmStart.load(out).made["interrupted"] is True


def test_the_command(short: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--meta", "mlp", "--encoder-size", "6", "--quantiles", "5", "--history", "4"]
    out = str(tmp_path / "start.npz")
    assert entry(["pretrain", "ackley", "--out", out, "--rounds", "1", *options]) == 0
    assert "round 1/1" in capsys.readouterr().out
    assert entry(["pretrain", "ackley", "--out", out, "--rounds", "2", "--resume", *options]) == 0
    assert WarmStart.load(out).made["rounds"] == 2
    cheap = ["--dim", "5", "--population", "8", "--meta-interval", "1", "--steps", "3000", "--meta-budget", "0.5"]
    step = str(tmp_path / "step.npz")
    assert entry(["pretrain", "ackley", "--out", step, "--credit", "one_step", *cheap]) == 0
    assert "/3,000  return -" in capsys.readouterr().out
    for arguments, message in (
        (["--out", out], "exists; give another name"),
        (["ackly", "--out", f"{out}2"], "no task to train a generator on named 'ackly'"),
        (["--out", f"{out}2", "--resume"], "to go on with"),
        (["--out", str(tmp_path / "no" / "start.npz")], "there is no folder"),
        (["--out", f"{out}2", "--credit", "one_step"], "needs the tasks to learn on"),
        (["--out", f"{out}2", "--credit", "two_step"], "did you mean 'one_step'"),
        (["--out", f"{out}2", "--meta", "direct"], "no meta-level with a network named 'direct'"),
        (["--out", f"{out}2", "--rounds", "0"], "rounds must be at least 1 and at most"),
        (["--out", f"{out}2", "--preset", "paper"], "takes no preset"),
        (["--out", out, "--rounds", "3", "--resume", "--history", "5"], "with history 4, got 5"),
    ):
        assert entry(["pretrain", *arguments]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
    assert not Path(f"{out}2").exists()
