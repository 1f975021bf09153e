"""Values that no run comes to are refused of a checkpoint, before a file of the run has changed."""

from __future__ import annotations

import json
import math
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.functions import slope
from helpers.hostile import memory_of, npy, rewrite, with_member

import bierl_fast as bf
from bierl_fast.errors import RunDirectoryError
from bierl_fast.evaluation.policy.saved import load_policy

FUNCTION: dict[str, Any] = {"task": "quadratic", "dim": 2, "population": 4, "generations": 2, "threads": 1}
TASK: dict[str, Any] = {**FUNCTION, "task": "InvertedPendulum-v5", "dim": None, "hidden": (2,), "episode_cap": 9}
RUNS: dict[str, dict[str, Any]] = {
    "adam": {**FUNCTION, "optimizer": "adam", "meta": "none"},
    "momentum and csa": {**FUNCTION, "optimizer": "gradient", "meta": "csa"},
    "snes": {**FUNCTION, "strategy": "snes", "meta": "none"},
    "pbt": {**FUNCTION, "meta": "pbt"},
    "mlp": {**FUNCTION, "meta": "mlp", "meta_interval": 1, "meta_budget": 0.9, "generations": 3},
    "bo": {**FUNCTION, "meta": "bo", "meta_interval": 1, "meta_budget": 0.9, "generations": 3},
    "cmaes": {**FUNCTION, "strategy": "cmaes", "meta": "none"},
    "safeguard": {**FUNCTION, "meta": "none", "safeguard": True, "generations": 4},
    "nsra": {**TASK, "strategy": "nsra", "meta": "none"},
    "native": {**TASK, "meta": "none", "eval_interval": 1, "eval_episodes": 1},
}


@pytest.fixture(scope="module", name="runs")
def runs_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(name="run")
def run_fixture(request: pytest.FixtureRequest, runs: Path, tmp_path: Path) -> Path:
    name = request.param
    if not (runs / name).exists():
        bf.train(bf.Config(**RUNS[name]), runs / name)
    return Path(shutil.copytree(runs / name, tmp_path / "run"))


def refused(run: Path, match: str) -> None:
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    with pytest.raises(RunDirectoryError, match=match) as caught:
        bf.resume(run, generations=5)
    assert "\n" not in str(caught.value)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


@pytest.mark.parametrize(
    ("run", "name", "value"),
    [
        ("adam", "strategy/mean", math.nan),
        ("adam", "strategy/optimizer_first", math.inf),
        ("adam", "strategy/optimizer_second", -1e-9),
        ("adam", "strategy/optimizer_count", -1),
        ("adam", "strategy/path", math.nan),
        ("adam", "strategy/path_scalars", -1.0),
        ("adam", "history/counts", -1),
        ("adam", "history/window", math.nan),
        ("adam", "history/inner_steps", -3),
        ("momentum and csa", "history/used", 0.0),
        ("momentum and csa", "history/used", math.nan),
        ("snes", "strategy/scale", 0.0),
        ("snes", "strategy/level", 1e9),
        ("snes", "strategy/level", -1.0),
        ("pbt", "meta/hyperparameters", math.nan),
        ("pbt", "meta/member1_mean", math.inf),
        ("pbt", "meta/hyperparameters", -0.5),
        ("pbt", "meta/hyperparameters", 1e60),
        ("pbt", "meta/generations", -1),
        ("pbt", "meta/generations", 2**62),
        ("pbt", "meta/member1_optimizer_count", 2**63 - 1),
        ("bo", "meta/best", 0.0),
        ("bo", "meta/best", -3.0),
        ("cmaes", "strategy/sigma", 1e308),
        ("mlp", "meta/weights", math.nan),
        ("mlp", "meta/sigma", -0.5),
        ("mlp", "meta/sigma", math.inf),
        ("mlp", "meta/counts", -1),
        ("nsra", "strategy/archive", math.nan),
        ("nsra", "strategy/behaviours", 1e200),
        ("nsra", "strategy/progress", math.nan),
        ("nsra", "strategy/progress", 2.0),
        ("native", "evaluator/obs_m2", -1.0),
        ("native", "evaluator/obs_count", 0.5),
        ("native", "evaluator/obs_mean", math.nan),
    ],
    indirect=["run"],
)
def test_numbers(run: Path, name: str, value: float) -> None:
    with np.load(run / "checkpoint.npz") as file:
        array = file[name].copy()
    array.reshape(-1)[0] = value
    rewrite(run / "checkpoint.npz", arrays={name: array})
    refused(run, f"the checkpoint does not fit this run: .*{name.rpartition('/')[2].removeprefix('member1_')}")


@pytest.mark.parametrize(
    ("run", "name", "value", "text"),
    [
        ("safeguard", "safeguard/start_evidence", 0.0, "start_evidence must have .* candidates"),
        ("safeguard", "safeguard/start_evidence", -1.0, "start_evidence must have a deviation of at least 0"),
        ("mlp", "meta/weights", 3e38, "must be a finite number, got nan"),
    ],
    indirect=["run"],
)
def test_arrays_from_which_no_next_generation_comes(run: Path, name: str, value: float, text: str) -> None:
    with np.load(run / "checkpoint.npz") as file:
        array = np.full_like(file[name], value)
    rewrite(run / "checkpoint.npz", arrays={name: array})
    with np.errstate(all="ignore"):
        refused(run, f"the checkpoint does not fit this run: .*{text}")


@pytest.mark.parametrize("run", ["adam", "pbt", "mlp", "nsra"], indirect=True)
def test_every_array_by_its_kind(run: Path) -> None:
    with np.load(run / "checkpoint.npz") as file:
        names = [name for name in file.files if name != "header" and file[name].size]
    whole = (run / "checkpoint.npz").read_bytes()
    for name in names:
        for kind in ("c16", "f2", "u1", "U2"):
            (run / "checkpoint.npz").write_bytes(whole)
            with np.load(run / "checkpoint.npz") as file:
                array = np.ones(file[name].shape, np.int64).astype(kind)
            rewrite(run / "checkpoint.npz", arrays={name: array})
            refused(run, r"the checkpoint does not fit this run|is none of plain numbers")


@pytest.mark.slow
@pytest.mark.parametrize("run", ["adam"], indirect=True)
def test_members_that_nobody_reads_take_no_memory(run: Path) -> None:
    with_member(run / "checkpoint.npz", "else.npy", npy(np.zeros(2 * 10**7)), zipfile.ZIP_DEFLATED)
    assert memory_of(lambda: bf.resume(run, generations=3)) < 20 * 10**6
    with_member(run / "checkpoint.npz", "strategy/mean.npy", npy(np.zeros(2 * 10**7)), zipfile.ZIP_DEFLATED)
    assert memory_of(lambda: refused(run, "strategy/mean is compressed, and 160000128 bytes long")) < 20 * 10**6


@pytest.mark.parametrize("run", ["adam"], indirect=True)
@pytest.mark.parametrize("text", ["[" * 100_000, '{"counters":' * 5000, "{}", '{"kind": 1e999, "format": [[]]}'])
def test_headers(run: Path, text: str) -> None:
    rewrite(run / "checkpoint.npz", text=text)
    refused(run, r"is no checkpoint")


@pytest.mark.parametrize("run", ["adam"], indirect=True)
def test_counters(run: Path) -> None:
    with np.load(run / "checkpoint.npz") as file:
        counters = json.loads(str(file["header"]))["counters"]
    for change in ({"generation": 3}, {"inner_steps": 2**60}, {"eval_steps": 1e300}, {"best_return": math.inf}):
        rewrite(run / "checkpoint.npz", {"counters": {**counters, **change}})
        refused(run, r"damaged: ")


@pytest.mark.parametrize("run", ["native"], indirect=True)
def test_a_damaged_best_policy_is_found_before_the_run_goes_on(run: Path) -> None:
    (run / "best_policy.npz").write_bytes(b"PK")
    refused(run, r"best_policy\.npz is damaged")
    (run / "best_policy.npz").unlink()
    refused(run, r"no policy at .*best_policy\.npz")


@pytest.mark.parametrize("run", ["adam"], indirect=True)
@pytest.mark.parametrize(
    "line",
    [
        '{"generation": 0, "env_steps": -1}',
        '{"generation": 0, "env_steps": 1e999}',
        '{"generation": 0, "mean_return": "3"}',
        '{"generation": 0, "mean_return": NaN}',
        '{"generation": 0, "sigma": ' + "9" * 400 + "}",
        '{"generation": 0, "seconds": null}',
        '{"generation": 0, "seconds": {"ask": "x"}}',
        '{"generation": 0, "evaluation": [1]}',
        '{"generation": 0, "x": ' + "[" * 5000,
        '{"generation": ' + "9" * 5000 + "}",
        "[[]]",
        "\x00" * (2**20 + 5),
    ],
)
def test_records(run: Path, line: str) -> None:
    _, *others = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join([line, *others]) + "\n")
    refused(run, r"metrics\.jsonl is damaged in line 1: ")


@pytest.mark.parametrize("run", ["adam"], indirect=True)
def test_a_run_at_its_end_is_told_by_its_checkpoint(run: Path) -> None:
    """Lines that a killed run has behind its checkpoint are none of what there is."""
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"generation": 2, "env_steps": 12}\n')
    with pytest.warns(bf.RunWarning, match="already reached its end: 2 generations"):
        assert len(bf.resume(run).metrics) == 2


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_step_beyond_numbers_ends_a_run(tmp_path: Path) -> None:
    """What it had learned before stays, and is read."""
    settings = {**FUNCTION, "task": slope, "generations": 200, "sigma": 1e37, "learning_rate": 3e38}
    with pytest.raises(bf.AllFailedError, match=r"beyond single precision|all candidates failed"):
        bf.train(bf.Config(**settings, meta="none"), tmp_path)
    assert np.isfinite(load_policy(tmp_path / "policy.npz").parameters).all()
