"""Every export against the compiled policy: every native task's shape, linear and MLP, each squash, and the edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exporting.policies import TASKS, TOLERANCE, acts, distance, made, observations, policies, spec_of
from exporting.running import ENDINGS, RUN, by_c, facts_in

import bierl_fast as bf
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec

EXACT = ("c", "numpy")  # the compiled policy's bits


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_ten_thousand_observations(task: str, tmp_path: Path) -> None:
    for number, policy in enumerate(policies(task)):
        observation_no = observations(policy)
        expected_na = acts(policy, observation_no)
        for form in ("onnx", "torchscript", "c"):
            path = tmp_path / f"p{number}{ENDINGS[form]}"
            bf.export(policy, path, format=form)
            got_na = RUN[form](path, observation_no).astype(np.float32)
            assert distance(policy, expected_na, got_na) <= TOLERANCE, (form, policy.spec)
            if form in EXACT:
                np.testing.assert_array_equal(got_na, expected_na)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["Humanoid-v5", "HalfCheetah-v5", "InvertedPendulum-v5"])
def test_ten_thousand_observations_by_what_is_slow_for_each(task: str, tmp_path: Path) -> None:
    for number, policy in enumerate(policies(task)):
        if number % 5:
            continue
        observation_no = observations(policy)
        expected_na = acts(policy, observation_no)
        for form in ("pt2", "numpy"):
            path = tmp_path / f"p{number}{ENDINGS[form]}"
            bf.export(policy, path, format=form)
            assert distance(policy, expected_na, RUN[form](path, observation_no)) <= TOLERANCE, (form, policy.spec)


@pytest.mark.parametrize("form", RUN)
def test_a_few_observations(form: str, tmp_path: Path) -> None:
    """Of each way, and one at a time as well as many."""
    for squash in ("clip", "tanh", "none"):
        policy = made(spec_of("Hopper-v5", squash=squash, hidden=(33, 7, 20), activation="relu"), normalized=True)
        observation_no = observations(policy, 200)
        expected_na = acts(policy, observation_no)
        path = tmp_path / f"{squash}{ENDINGS[form]}"
        bf.export(policy, path, format=form)
        assert distance(policy, expected_na, RUN[form](path, observation_no)) <= TOLERANCE
        assert distance(policy, expected_na[7:8], RUN[form](path, observation_no[7:8])) <= TOLERANCE


@pytest.mark.parametrize("form", RUN)
def test_what_is_no_number_stays_none(form: str, tmp_path: Path) -> None:
    """A sensor that fails must not be hidden: NaN out where the compiled policy gives NaN."""
    policy = made(spec_of("Swimmer-v5", hidden=(5,)), normalized=True)
    observation_no = observations(policy, 200)[20:50]
    for row, value in enumerate([np.nan, np.inf, -np.inf] * 8):
        observation_no[row, row // 3] = value
    with np.errstate(invalid="ignore"):
        expected_na = acts(policy, observation_no)
    assert 0 < np.isnan(expected_na).any(axis=1).sum() < 30
    path = tmp_path / f"p{ENDINGS[form]}"
    bf.export(policy, path, format=form)
    np.testing.assert_allclose(RUN[form](path, observation_no), expected_na, atol=2 * TOLERANCE)


@pytest.mark.parametrize("form", RUN)
def test_discrete_actions_and_shapes(form: str, tmp_path: Path) -> None:
    low, high = (-np.inf,) * 4, (np.inf,) * 4
    spec = PolicySpec("module:Choosing-v0", 6, low, high, first_action=-1, observation_shape=(2, 3), hidden=(8,))
    policy = made(spec, normalized=True)
    observation_no = observations(policy, 300)
    observation_no[13:23] = 0.0
    chosen_n = np.array([policy.act(observation.reshape(2, 3)) for observation in observation_no])
    assert set(chosen_n) >= {-1, 0, 1}
    path = tmp_path / f"choice{ENDINGS[form]}"
    found = bf.export(policy, path, format=form)
    flat_no = observation_no.reshape(-1, 2, 3) if form == "numpy" else observation_no
    np.testing.assert_array_equal(RUN[form](path, flat_no).reshape(-1), chosen_n)
    assert (found["first_action"], found["low"], found["observation_shape"]) == (-1, [None] * 4, [2, 3])
    assert facts_in(path, form) == found

    boxed = PolicySpec("module:Boxed-v0", 3, (-1.0, -np.inf), (np.inf, 2.0), action_shape=(2, 1), hidden=())
    policy = made(boxed, normalized=False)
    observation_no = observations(policy, 300)
    expected_na = acts(policy, observation_no)
    bf.export(policy, path, format=form, force=True)
    np.testing.assert_allclose(RUN[form](path, observation_no).reshape(expected_na.shape), expected_na, rtol=1e-6)


SEVERAL: dict[str, dict[str, Any]] = {  # outputs, and how they choose
    "choices": {"choices": (3, 1, 4)},
    "shifted": {"choices": (2, 5), "first_choices": (7, -3)},
    "one": {"choices": (4,), "first_choices": (2,)},
    "table": {"choices": (2, 3, 4, 2), "action_shape": (2, 2)},
    "switches": {"switches": True},
    "board": {"switches": True, "action_shape": (2, 4)},
}


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("form", RUN)
def test_several_choices_and_switches(form: str, name: str, tmp_path: Path) -> None:
    """MultiDiscrete and MultiBinary actions: what is answered are the choices, not the network's outputs."""
    outputs = sum(SEVERAL[name].get("choices", (8,)))
    spec = PolicySpec("module:Many-v0", 6, (-np.inf,) * outputs, (np.inf,) * outputs, hidden=(8,), **SEVERAL[name])
    policy = made(spec, normalized=True)
    observation_no = observations(policy, 300)
    observation_no[13:23] = 0.0
    expected_na = acts(policy, observation_no)
    assert len(np.unique(expected_na, axis=0)) > 3
    path = tmp_path / f"many{ENDINGS[form]}"
    found = bf.export(policy, path, format=form)
    np.testing.assert_array_equal(RUN[form](path, observation_no).reshape(expected_na.shape), expected_na)
    assert facts_in(path, form) == found
    shape = list(SEVERAL[name].get("action_shape", expected_na.shape[1:]))
    assert (found["action_size"], found["action_shape"]) == (expected_na.shape[1], shape)
    alone = policy.numpy().act(observation_no[50])
    assert (alone.shape, alone.dtype) == (policy.act(observation_no[50]).shape, policy.act(observation_no[50]).dtype)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_choices_of_a_torch_module(name: str, tmp_path: Path) -> None:
    outputs = sum(SEVERAL[name].get("choices", (8,)))
    spec = PolicySpec("module:Many-v0", 6, (-np.inf,) * outputs, (np.inf,) * outputs, **SEVERAL[name])
    policy = bf.TorchPolicy(torch.nn.Linear(6, outputs)).for_task(spec, ObservationStatistics(6))
    path = tmp_path / "module.pt"
    bf.export(policy, path, format="torchscript")
    observation_no = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    expected_na = np.array([np.ravel(policy.act(observation)) for observation in observation_no])
    np.testing.assert_array_equal(RUN["torchscript"](path, observation_no), expected_na)


@pytest.mark.parametrize("flags", [("clang",), ("gcc", "-O3", "-march=native"), ("clang", "-O3", "-march=native")])
def test_c_on_another_compiler(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Without a warning, and with the same bits, whatever the processor can do in one instruction."""
    policy = made(spec_of("Walker2d-v5", squash="tanh"), normalized=True)
    observation_no = observations(policy, 2000)
    path = tmp_path / "walker.h"
    bf.export(policy, path, format="c")
    np.testing.assert_array_equal(by_c(path, observation_no, *flags), acts(policy, observation_no))
    assert "alloc" not in path.read_text().replace("allocates nothing", "")


def test_numpy_is_the_policy_itself() -> None:
    policy = made(spec_of("Ant-v5"), normalized=True)
    alone = policy.numpy()
    observation_no = observations(policy, 300)
    np.testing.assert_array_equal([alone(observation) for observation in observation_no], acts(policy, observation_no))
    assert alone.sizes == policy.spec.sizes
    alone.layers[0][0][:] = 0.0  # copies
    assert policy.parameters[:10].all()
    with pytest.raises(ValueError, match=r"observation must have shape \(105,\), got \(3,\)"):
        alone.act([1.0, 2.0, 3.0])
