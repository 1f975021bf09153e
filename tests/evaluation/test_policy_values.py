"""What a policy's file says is checked as a run's settings are, before anything of its size is made."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.hostile import memory_of, rewrite

import bierl_fast as bf
from bierl_fast._native import core
from bierl_fast.errors import ArchiveError, ArgumentError, RunDirectoryError
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.saved import load_policy
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.evaluation.policy.vector import FunctionSpec, VectorPolicy


@pytest.fixture(name="path")
def path_fixture(tmp_path: Path) -> Path:
    statistics = ObservationStatistics(3)
    statistics.load({"obs_count": np.array([4.0]), "obs_mean": np.arange(3.0), "obs_m2": np.array([1.0, 0.0, 2.0])})
    spec = PolicySpec("Pendulum-v1", 3, (-2.0,), (2.0,), hidden=(5,), observation_shape=(3,), action_shape=(1,))
    policy = bf.Policy(spec, statistics)
    policy.with_parameters(policy.initial_parameters(3)).save(tmp_path / "policy.npz")
    return tmp_path / "policy.npz"


def refused(path: Path, match: str) -> None:
    before = path.read_bytes()
    for read, error in ((bf.Policy.load, ArchiveError), (load_policy, ArchiveError), (bf.evaluate, RunDirectoryError)):
        with pytest.raises(error, match=match) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1500
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden", [2**40]),
        ("hidden", [2**31 - 1, 2**31 - 1, 2**31 - 1]),
        ("hidden", [-8]),
        ("hidden", [2.5]),
        ("hidden", "sixty"),
        ("hidden", [[5]]),
        ("observation_size", 10**12),
        ("observation_size", 0),
        ("observation_size", math.inf),
        ("observation_size", True),
        ("low", [math.nan]),
        ("low", [3.0]),
        ("high", [2.0, 2.0]),
        ("high", ["2"]),
        ("high", 2.0),
        ("activation", "sine"),
        ("squash", None),
        ("squash", "tan"),
        ("action_noise", "some"),
        ("log_std", math.inf),
        ("log_std", 10**400),
        ("episode_cap", -5),
        ("episode_cap", 1e300),
        ("episode_cap", 2**40),
        ("first_action", 2**70),
        ("observation_shape", [2, 2]),
        ("observation_shape", [-1, -3]),
        ("observation_parts", ["goal"]),
        ("observation_parts", ["goal\x1b"]),
        ("observation_parts", 3),
        ("part_sizes", [2]),
        ("part_sizes", [0]),
        ("action_shape", [0]),
        ("task", 3),
        ("task", "\ud800"),
        ("task", "Swimmer-v5\x1b]0;not yours\x07"),
        ("entry_point", "a\x9bm:b"),
        ("task_kwargs", []),
        ("task_kwargs", {"g": None}),
        ("task_kwargs", {"\udfff": 1}),
    ],
)
def test_a_field_that_cannot_be(path: Path, name: str, value: Any) -> None:
    rewrite(path, {name: value})
    refused(path, name.split("_size", maxsplit=1)[0] if name in {"observation_size"} else f"{name}|low|network|box")


def test_fields_that_are_missing_or_unknown(path: Path) -> None:
    with np.load(path) as file:
        header = json.loads(str(file["header"]))
    del header["low"]
    rewrite(path, text=json.dumps(header))
    refused(path, "low is missing")
    rewrite(path, text=json.dumps({**header, "low": [-2.0], "lows": 3}))
    refused(path, "no field of it named 'lows'")


@pytest.mark.parametrize("dtype", [np.complex64, np.int8, np.float64, np.float16, np.bool_, "U3", "M8[s]"])
@pytest.mark.parametrize("name", ["parameters", "obs_m2"])
def test_arrays_of_other_kinds(path: Path, name: str, dtype: Any) -> None:
    with np.load(path) as file:
        array = np.ones(file[name].shape, "i8").astype(dtype)
    if dtype == np.float64 and name == "obs_m2":
        array = array[None]
    rewrite(path, arrays={name: array})
    refused(path, f"{name} must be float|array {name} is none of plain numbers")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parameters", math.nan),
        ("parameters", -math.inf),
        ("obs_m2", -1e-9),
        ("obs_m2", math.inf),
        ("obs_m2", math.nan),
        ("obs_mean", math.inf),
        ("obs_mean", math.nan),
        ("obs_count", -2.0),
        ("obs_count", 1.5),
        ("obs_count", math.nan),
        ("obs_count", math.inf),
    ],
)
def test_numbers_that_no_run_comes_to(path: Path, name: str, value: float) -> None:
    with np.load(path) as file:
        array = file[name].copy()
    array[-1] = value
    rewrite(path, arrays={name: array})
    refused(path, f"{name} must be")


@pytest.mark.parametrize("name", ["parameters", "obs_count", "obs_mean", "obs_m2"])
def test_arrays_of_other_sizes(path: Path, name: str) -> None:
    for array in (np.zeros((0,), np.float32), np.zeros((1, 26), np.float64), np.float32(1.0)):
        rewrite(path, arrays={name: array})
        refused(path, f"{name} must be float.* of shape")
    rewrite(path, arrays={name: None})
    refused(path, f"lacks the array {name}")


def test_a_header_of_great_sizes_takes_little_memory(path: Path) -> None:
    for change in ({"observation_size": 2**30}, {"hidden": [2**14, 2**14]}, {"low": [0.0] * 999, "high": [1.0] * 999}):
        rewrite(path, {"observation_shape": None, "action_shape": None, **change})
        assert memory_of(lambda: refused(path, "must|network|box|bound")) < 4 * 10**6


@pytest.mark.parametrize("sizes", [[2**33, 2**31], [2**32, 2**32, 1], [3, 2**63, 2**63, 1], [2**20, 2**20, 2**20]])
def test_the_compiled_side_checks_sizes_again(sizes: list[int]) -> None:
    with pytest.raises(ArgumentError, match="at most 1073741824 parameters"):
        core.PolicyShape(sizes, "tanh", [0.0] * min(1, sizes[-1]), [1.0], "clip", "none", 0.0)


def test_settings_that_make_too_large_a_network_are_refused() -> None:
    with pytest.raises(ArgumentError, match="parameters"):
        bf.make_evaluator("InvertedPendulum-v5", hidden=(2**31 - 1, 2**31 - 1))


def test_squares_that_overflow_stay_numbers() -> None:
    """Observations of 1e200 are finite, and so are the statistics of a run that sees them: it can go on."""
    statistics = ObservationStatistics(1)
    for value in (1e200, -1e200):
        core.merge_moments(
            *(statistics._count, statistics._mean, statistics._m2),
            *(np.array([1.0]), np.array([[value]]), np.array([[0.0]])),
        )
    ObservationStatistics(1).load(statistics.state())
    assert statistics.state()["obs_m2"] == np.finfo(np.float64).max


def test_vectors(tmp_path: Path) -> None:
    path, change = tmp_path / "policy.npz", dict[str, Any]()
    VectorPolicy(FunctionSpec("ackley", 4)).save(path)
    for change in (
        {"dim": 0},
        {"dim": 2**50},
        {"dim": 3},
        {"vectorized": 1},
        {"dim": None},
        {"dim": "few"},
        {"kind": []},
    ):
        rewrite(path, change)
        with pytest.raises(ArchiveError, match=r"dim|vectorized|parameters|header"):
            VectorPolicy.load(path)
        rewrite(path, {"dim": 4, "vectorized": False, "kind": "vector"})
    rewrite(path, arrays={"parameters": np.full(4, np.nan, np.float32)})
    with pytest.raises(ArchiveError, match="parameters must be finite"):
        VectorPolicy.load(path)


@pytest.mark.parametrize("value", [10**400, -(10**400), math.inf, math.nan])
def test_numbers_beyond_floats_are_refused_in_python_too(value: float) -> None:
    with pytest.raises(ArgumentError, match="log_std must be"):
        bf.make_evaluator("InvertedPendulum-v5", log_std=value, threads=1)
    with pytest.raises(ArgumentError, match="log_std must be"):
        bf.Config(task="InvertedPendulum-v5", log_std=value)
