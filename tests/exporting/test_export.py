"""`bf.export` and `bierl export`: what is in a file, and what is refused."""

from __future__ import annotations

import errno
import json
import runpy
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exporting.policies import acts, made, observations, spec_of
from exporting.running import ENDINGS, RUN, by_torchscript, facts_in
from helpers.outcomes import fails
from helpers.torch_modules import Recurrent

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.exporting.table import FORMATS

Captured = pytest.CaptureFixture[str]


@pytest.fixture(name="run", scope="module")
def run_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run, whose best evaluation was not its last."""
    path = tmp_path_factory.mktemp("export") / "run"
    config = bf.Config(
        task="InvertedPendulum-v5",
        meta="none",
        population=8,
        generations=6,
        eval_interval=1,
        eval_episodes=2,
        threads=1,
    )
    result = bf.train(config, path)
    assert result.best_policy is not None
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_from_a_run(form: str, run: Path, tmp_path: Path, capsys: Captured) -> None:
    assert set(FORMATS) == set(RUN)
    path = tmp_path / f"policy{ENDINGS[form]}"
    assert entry(["export", str(run), "--format", form, "--out", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: InvertedPendulum-v5, 4 -> 1, return ")
    policy = bf.Policy.load(run / "policy.npz")
    observation_no = observations(policy, 50)
    np.testing.assert_allclose(RUN[form](path, observation_no), acts(policy, observation_no), atol=2e-6 * 6)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = facts_in(path, form)
    assert (found["task"], found["observation_size"], found["low"], found["high"]) == (
        "InvertedPendulum-v5",
        4,
        [-3.0],
        [3.0],
    )
    assert found["return"] == lines[-1]["evaluation"]["mean_return"]
    assert (found["return_of"], found["generation"]) == ("reporting evaluation", 5)
    assert found["env_steps"] == lines[-1]["env_steps"]
    assert [path.name for path in tmp_path.iterdir() if "driver" not in path.name] == [path.name]


def test_the_best(run: Path, tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "best.py"
    assert entry(["export", str(run), "--format", "numpy", "--out", str(path), "--best", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    returns = [line["evaluation"]["mean_return"] for line in lines]
    assert found["return"] == max(returns)
    assert found["generation"] == returns.index(max(returns))
    assert (found["out"], found["format"]) == (str(path), "numpy")
    best = bf.Policy.load(run / "best_policy.npz")
    np.testing.assert_array_equal(runpy.run_path(str(path))["act"](np.ones(4)), best.act(np.ones(4)))


def test_without_evaluations_the_centre_counts(tmp_path: Path) -> None:
    config = bf.Config(task="InvertedPendulum-v5", meta="none", population=4, generations=1, threads=1)
    result = bf.train(config, tmp_path / "run")
    found = bf.export(tmp_path / "run", tmp_path / "p.h", format="c")
    assert (found["return"], found["return_of"]) == (result.metrics[-1]["center_return"], "centre")
    (tmp_path / "run" / "metrics.jsonl").unlink()
    assert bf.export(tmp_path / "run", tmp_path / "p.h", format="c", force=True)["return"] is None
    assert bf.export(tmp_path / "run" / "policy.npz", tmp_path / "q.h", format="c")["return"] is None


def test_numpy_alone_needs_numpy_alone(tmp_path: Path) -> None:
    policy = made(spec_of("Hopper-v5"), normalized=True)
    bf.export(policy, tmp_path / "hopper.py", format="numpy")
    code = (
        "import sys, hopper; print(hopper.act([0.5] * 11).tolist(), hopper.FACTS['task'], 'bierl_fast' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{policy.act(np.full(11, 0.5)).tolist()} Hopper-v5 False\n"


def test_names_in_c(tmp_path: Path) -> None:
    """A file's name becomes an identifier, and what a task's keywords say stays in its comment."""
    spec = spec_of("Swimmer-v5", hidden=(), task_kwargs={"xml_file": "*/ int x; /* @ \u00e4 \\"})
    path = tmp_path / "3-swim.h"
    bf.export(made(spec, normalized=False), path, format="c")
    text = path.read_text(encoding="ascii")
    assert "static inline void policy_3_swim_act(const float *observation, float *action)" in text
    assert "#define POLICY_3_SWIM_OBSERVATION_SIZE 8" in text
    assert "#define policy_3_swim_ACTION_SIZE 2" in text
    assert facts_in(path, "c")["task_kwargs"] == spec.task_kwargs
    main = tmp_path / "main.c"
    main.write_text('#include "3-swim.h"\nint main(void) { return POLICY_3_SWIM_ACTION_SIZE; }\n')
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "-o", tmp_path / "main", main], check=True)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 2


def bound(module: Any, **options: Any) -> bf.TorchPolicy:
    task = "MountainCarContinuous-v0"
    with closing(bf.make_evaluator(task, policy=bf.TorchPolicy(module), workers=1, **options)) as evaluator:
        policy = evaluator.policy
    assert isinstance(policy, bf.TorchPolicy)
    return policy.with_parameters(policy.parameters + np.float32(0.1))


@pytest.mark.slow  # starts worker processes
def test_torch_modules(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ELU(), torch.nn.Linear(4, 1))
    policy = bound(module, squash="tanh")
    policy.statistics.load({"obs_count": np.ones(1), "obs_mean": np.ones(2), "obs_m2": np.array([4.0, 0.0])})
    path = tmp_path / "policy.pt"
    found = bf.export(policy, path, format="torchscript")
    assert facts_in(path, "torchscript") == found
    observation_no = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    expected_na = [policy.act(observation.astype(np.float64)) for observation in observation_no]
    np.testing.assert_allclose(by_torchscript(path, observation_no), expected_na, atol=2e-6 * 4)
    with pytest.raises(bf.UnsupportedError, match="a torch module has no form of format 'c'; take torchscript"):
        bf.export(policy, tmp_path / "p.h", format="c")
    recurrent = bound(Recurrent())
    with pytest.raises(bf.UnsupportedError, match="Recurrent has a method reset, so it remembers between steps"):
        bf.export(recurrent, tmp_path / "p.pt", format="torchscript")
    assert not (tmp_path / "p.pt").exists()


@pytest.mark.slow  # starts worker processes
def test_a_module_of_a_script(tmp_path: Path) -> None:
    """What has no import path is given again, as to `bf.evaluate`."""

    def module() -> torch.nn.Module:
        return torch.nn.Linear(2, 1)

    config = bf.Config(
        task="MountainCarContinuous-v0",
        policy=module,
        meta="none",
        population=4,
        generations=1,
        episode_cap=9,
        workers=1,
    )
    with pytest.warns(bf.RunWarning, match="give it again"):
        result = bf.train(config, tmp_path / "run")
    path = tmp_path / "policy.pt"
    with pytest.raises(bf.BierlError, match="give it again"):
        bf.export(tmp_path / "run", path, format="torchscript")
    bf.export(tmp_path / "run", path, format="torchscript", policy=module)
    observation_no = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    expected_na = [result.policy.act(observation.astype(np.float64)) for observation in observation_no]
    np.testing.assert_allclose(by_torchscript(path, observation_no), expected_na, atol=2e-6 * 2)


def test_what_does_not_act_is_refused(tmp_path: Path) -> None:
    result = bf.train(bf.Config(task="quadratic", dim=3, meta="none", population=4, generations=1), tmp_path / "run")
    for source in (result.policy, tmp_path / "run"):
        with pytest.raises(
            bf.UnsupportedError, match="the policy of quadratic sees no observations and has no actions"
        ):
            bf.export(source, tmp_path / "p.onnx", format="onnx")


def test_bad_input(run: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "there.h"
    there.write_text("mine")
    export = ("export", str(run), "--out", "p.h", "--format")
    fails(
        capsys,
        2,
        "no format named 'onxx'; did you mean 'onnx'?",
        *export,
        "onxx",
    )
    fails(capsys, 2, "there.h exists; give another name, or --force", *export, "c", "--out", str(there))
    fails(capsys, 2, "is a folder; name a file", *export, "c", "--out", str(tmp_path))
    fails(capsys, 2, "there is no folder nowhere; make it first", *export, "c", "--out", "nowhere/p.h")
    fails(capsys, 2, "Missing option '--format'", "export", str(run), "--out", "p.h")
    fails(capsys, 1, "no run directory at absent", "export", "absent", "--format", "c", "--out", "p.h")
    fails(capsys, 1, "there.h", "export", str(there), "--format", "c", "--out", "p.h")
    fails(capsys, 2, "is one policy", "export", str(run / "policy.npz"), "--format", "c", "--out", "p.h", "--best")
    assert there.read_text() == "mine"
    assert entry([*export, "c", "--out", str(there), "--force"]) == 0
    assert "there_act" in there.read_text()
    capsys.readouterr()
    (run / "best_policy.npz").rename(run / "aside.npz")
    fails(capsys, 1, "has no best policy: its run made no reporting evaluations", *export, "c", "--best")
    (run / "aside.npz").rename(run / "best_policy.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["there.h"]


@pytest.mark.parametrize("broken", ["onnx"])
def test_a_missing_package_is_named(
    broken: str, run: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, broken, None)
    out = str(tmp_path / "p.onnx")
    fails(capsys, 1, "pip install 'bierl-fast[export]'", "export", str(run), "--format", "onnx", "--out", out)
    assert not Path(out).exists()


def test_a_full_disk(run: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays, nothing is left beside it, and the error names the file."""
    out = tmp_path / "p.h"
    out.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    fails(capsys, 1, "p.h", "export", str(run), "--format", "c", "--out", str(out), "--force")
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["p.h"]
