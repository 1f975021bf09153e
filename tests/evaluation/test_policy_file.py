"""policy.npz: there and back, and what is said of a damaged one."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.populations import population

import bierl_fast as bf
from bierl_fast.archive import read_archive, write_archive
from bierl_fast.errors import ArchiveError


@pytest.fixture(name="policy")
def policy_fixture() -> bf.Policy:
    shape: dict[str, Any] = {"hidden": (7,), "activation": "relu", "squash": "tanh", "action_noise": "evolved"}
    options = {"healthy_z_range": (0.5, 2.0)}
    evaluator = bf.make_evaluator("Hopper-v5", threads=1, episode_cap=20, task_kwargs=options, **shape)
    theta = evaluator.policy.initial_parameters(4)
    evaluator.absorb(evaluator.evaluate(population(theta, 4)))
    policy = evaluator.policy.with_parameters(theta)
    assert isinstance(policy, bf.Policy)
    return policy


def test_there_and_back(policy: bf.Policy, tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    policy.save(path)
    policy.save(str(path))  # replaces
    assert [file.name for file in tmp_path.iterdir()] == ["policy.npz"]
    loaded = bf.Policy.load(path)
    np.testing.assert_array_equal(loaded.parameters, policy.parameters)
    assert loaded.spec.sizes == policy.spec.sizes == (11, 7, 3)
    assert (loaded.task, loaded.spec.activation, loaded.spec.squash) == ("Hopper-v5", "relu", "tanh")
    assert bf.NativeEnv(loaded.task, **loaded.task_kwargs) is not None
    for name, array in policy.statistics.state().items():
        np.testing.assert_array_equal(loaded.statistics.state()[name], array)
    for seed in range(3):
        observation = np.random.default_rng(seed).normal(size=11)
        np.testing.assert_array_equal(loaded.act(observation), policy.act(observation))


def test_damaged_files(policy: bf.Policy, tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    with pytest.raises(ArchiveError, match=r"there is no file .*policy.npz"):
        bf.Policy.load(path)
    policy.save(path)
    whole = path.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"policy\.npz is damaged or not an archive of this project"):
            bf.Policy.load(path)
        assert path.read_bytes() == whole[:length]
    path.write_bytes(b"a text")  # NumPy would take it for a pickle
    with pytest.raises(ArchiveError, match=r"not an archive of this project \(it is no zip file\)"):
        bf.Policy.load(path)
    middle = whole.find(policy.parameters.tobytes()) + 8
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(ArchiveError, match="damaged"):  # the zip's own checksum
        bf.Policy.load(path)


def test_other_archives(policy: bf.Policy, tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    np.savez(path, parameters=policy.parameters)
    with pytest.raises(ArchiveError, match="has no header"):
        bf.Policy.load(path)
    policy.save(path)
    text, arrays = read_archive(path)
    header = json.loads(text)
    for change in ({"format": 2}, {"kind": "checkpoint"}):
        write_archive(path, json.dumps({**header, **change}), arrays)
        with pytest.raises(ArchiveError, match="is not a policy of format 1"):
            bf.Policy.load(path)


@pytest.mark.parametrize("what", ["no JSON", "unknown key", "missing array", "short parameters", "other statistics"])
def test_headers_and_arrays_that_do_not_fit(policy: bf.Policy, tmp_path: Path, what: str) -> None:
    path = tmp_path / "policy.npz"
    policy.save(path)
    text, arrays = read_archive(path)
    if what == "no JSON":
        text = "{"
    if what == "unknown key":
        text = json.dumps({**json.loads(text), "colour": "red"})
    if what == "missing array":
        del arrays["obs_mean"]
    if what == "short parameters":
        arrays["parameters"] = arrays["parameters"][:-1]
    if what == "other statistics":
        arrays["obs_mean"] = np.zeros(3)
    write_archive(path, text, arrays)
    with pytest.raises(ArchiveError, match=r"policy\.npz"):
        bf.Policy.load(path)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    content = io.BytesIO()
    np.save(content, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("header.npy", content.getvalue())
    with pytest.raises(ArchiveError, match="damaged or not an archive"):
        bf.Policy.load(path)


@pytest.mark.parametrize("hidden", [(), (64, 64)])
def test_initial_parameters(hidden: tuple[int, ...]) -> None:
    """Linear starts at zero; hidden weights have variance 1/inputs, the output's a hundredth of the deviation."""
    policy = bf.make_evaluator("HalfCheetah-v5", hidden=hidden, threads=1).policy
    theta = policy.initial_parameters(seed=2)
    np.testing.assert_array_equal(theta, policy.initial_parameters(seed=2))
    if not hidden:
        assert not theta.any()
        return
    assert (theta != policy.initial_parameters(seed=3)).any()
    first, last = theta[: 17 * 64], theta[-(65 * 6) : -6]
    for weights, std in ((first, 17**-0.5), (last, 0.01 * 64**-0.5)):
        # A standard deviation of n normals has the standard error 1 / sqrt(2 n); five of them.
        assert abs(weights.std() / std - 1) < 5 / np.sqrt(2 * weights.size)
    assert not theta[17 * 64 : 18 * 64].any()
    assert not theta[-6:].any()


@pytest.mark.parametrize(
    "ran_by",
    [
        {"evaluator": 3},
        {"evaluator": "pool", "fresh_env": "sometimes"},
        {"evaluator": "pool", "retries": -1},
        {"evaluator": "pool", "episode_timeout": float("nan")},
        {"evaluator": "pool", "on_failure": None, "flatten_observation": "yes"},
        {"evaluator": "toy", "worth": [1.0]},
        ["pool"],
        {"evaluator": "pool", "nested": {"deep": {}}},
    ],
)
def test_how_its_episodes_ran_is_checked_as_settings_are(policy: bf.Policy, ran_by: Any, tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    policy.save(path)
    text, arrays = read_archive(path)
    write_archive(path, json.dumps({**json.loads(text), "ran_by": ran_by}), arrays)
    with pytest.raises(ArchiveError, match="is not a policy of format 1"):
        bf.Policy.load(path)


def test_an_evaluator_that_there_is_none_of_here(policy: bf.Policy, tmp_path: Path) -> None:
    """It may be another version's: the file is read, and another evaluator can be named."""
    path = tmp_path / "policy.npz"
    policy.save(path)
    text, arrays = read_archive(path)
    ran_by = {"evaluator": "cloud", "nodes": 3}
    write_archive(path, json.dumps({**json.loads(text), "ran_by": ran_by}), arrays)
    with pytest.raises(bf.ConfigError, match="no evaluator named 'cloud'"):
        bf.evaluate(path, episodes=1)
    assert bf.evaluate(path, episodes=1, evaluator="native")["episodes"] == 1
