"""The compiled network and policy against NumPy: bit for bit, tanh's error measured apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import policy as reference

from bierl_fast._native import core
from bierl_fast.evaluation.policy.mlp import MlpPolicy
from bierl_fast.evaluation.policy.obs_norm import ObservationStatistics
from bierl_fast.evaluation.policy.spec import PolicySpec
from bierl_fast.messages import F32, F64

WIDE = 1e30  # a box that clips nothing


def policy(sizes: tuple[int, ...], activation: str = "tanh", squash: str = "clip", box: float = WIDE) -> MlpPolicy:
    actions = sizes[-1]
    spec = PolicySpec("t", sizes[0], (-box,) * actions, (box,) * actions, {}, sizes[1:-1], activation, squash)
    return MlpPolicy(spec, ObservationStatistics(sizes[0]))


def vector(size: int, seed: int = 0) -> F32:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def statistics(size: int) -> ObservationStatistics:
    made = ObservationStatistics(size)
    rng = np.random.default_rng(5)
    m2 = 100 * rng.uniform(0, 4, size)
    m2[0] = 0.0  # a dimension that has not varied
    made.load({"obs_count": np.array([100.0]), "obs_mean": rng.normal(size=size), "obs_m2": m2})
    return made


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("sizes", [(1, 1), (17, 6), (3, 1, 2), (17, 64, 64, 6), (5, 33, 7, 100, 3), (376, 16, 17)])
def test_forward(sizes: tuple[int, ...], activation: str) -> None:
    """Every width is met: whole vectors of 4, 8 and 16 lanes, four at a time, and every remainder."""
    compiled = policy(sizes, activation)
    theta = vector(compiled.parameter_count)
    for seed in range(3):
        x = vector(sizes[0], seed)
        fast = compiled.with_parameters(theta).act(x.astype(np.float64))
        np.testing.assert_array_equal(fast, reference.forward(sizes, activation, theta, x))


def hidden(x: F32, activation: str = "tanh") -> F32:
    """activation(x) of K numbers through a network (1, K, K): weights zero, x as bias, then the identity."""
    k = x.size
    compiled = policy((1, k, k), activation)
    theta = np.concatenate([np.zeros(k), x, np.eye(k).reshape(-1), np.zeros(k)]).astype(np.float32)
    answer: F32 = compiled.with_parameters(theta).act(np.zeros(1))
    return answer


def test_tanh_is_its_twin_within_three_ulp_of_the_exact() -> None:
    magnitude = np.concatenate([np.geomspace(1e-37, 12, 700), np.linspace(0.001, 11, 300)]).astype(np.float32)
    x = np.concatenate([-magnitude, magnitude, np.array([0.0, -0.0, 1e30, -1e30], np.float32)])
    fast = hidden(x)
    np.testing.assert_array_equal(fast, reference.tanh(x))
    exact = np.tanh(x.astype(np.float64))
    error = np.abs(fast - exact) / np.spacing(np.abs(exact).astype(np.float32))
    assert error.max() <= 3.0  # what csrc/bierl/core/mlp.hpp promises
    assert np.abs(fast).max() == 1.0


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_nan_stays_one(activation: str) -> None:
    """A diverged simulation must not be hidden by the policy."""
    for size in (1, 3, 4, 16, 64, 67):
        compiled = policy((2, size, 1), activation, box=1.0)
        ones = compiled.with_parameters(np.ones(compiled.parameter_count, np.float32))
        assert np.isnan(ones.act(np.array([1.0, np.nan])))[0]
        assert ones.act(np.array([np.inf, 1.0]))[0] == 1.0


@pytest.mark.parametrize("squash", ["clip", "tanh", "none"])
@pytest.mark.parametrize("normalized", [False, True])
def test_act(squash: str, normalized: bool) -> None:
    sizes = (11, 32, 5)
    low, high = (np.array(box, np.float32) for box in ([-1, -0.4, 0, -2, 0.3], [1, 0.4, 3, 2, 0.3]))
    seen = statistics(11) if normalized else ObservationStatistics(11)
    spec = PolicySpec("t", 11, tuple(low.tolist()), tuple(high.tolist()), {}, (32,), "tanh", squash)
    theta = vector(MlpPolicy(spec, seen).parameter_count)
    compiled = MlpPolicy(spec, seen, theta)
    state = seen.state()
    count, mean, m2 = (np.asarray(state[f"obs_{name}"], np.float64) for name in ("count", "mean", "m2"))
    for seed in range(4):
        observation: F64 = np.random.default_rng(seed).normal(0, 10.0**seed, 11)  # at the end far beyond the cut at 10
        x = reference.normalized(observation, count[0], mean, m2)
        slow = reference.into_box(reference.forward(sizes, "tanh", theta, x), low, high, squash)
        np.testing.assert_array_equal(compiled.act(observation), slow)
        inside = (slow >= low).all() and (slow <= high).all()
        assert inside == (squash != "none")


def test_act_refuses_what_does_not_fit() -> None:
    compiled = policy((3, 2))
    with pytest.raises(ValueError, match=r"observation must have shape \(3,\), got \(4,\)"):
        compiled.act(np.zeros(4))
    wrong: list[Any] = [np.zeros(9, np.float32), np.zeros(8), np.zeros((8, 1), np.float32)]
    for theta in wrong:
        with pytest.raises(ValueError, match=r"theta must be float32 of shape \(8,\), got float(32|64) of shape"):
            compiled.with_parameters(theta)


def test_shapes_that_make_no_policy() -> None:
    make = core.PolicyShape
    good: dict[str, Any] = {
        "activation": "tanh",
        "low": [-1.0],
        "high": [1.0],
        "squash": "clip",
        "noise": "none",
        "log_std": 0.0,
    }
    changes: list[tuple[dict[str, Any], str]] = [
        ({"sizes": [3]}, "a network needs an input and an output size, got 1 sizes"),
        ({"sizes": [3, 0, 1]}, "every layer of a network needs at least one unit, got 0"),
        ({"sizes": [3, 2]}, "low has 1 elements, expected 2"),
        ({"activation": "tan"}, "no activation named 'tan'; did you mean 'tanh'. known: relu, tanh"),
        ({"squash": "cut"}, "no squash named 'cut'; known: clip, none, tanh"),
        ({"noise": "some"}, "no action noise named 'some'; did you mean 'none'. known: evolved, fixed, none"),
        ({"low": [2.0]}, r"action 0 has the empty box \[2"),
        ({"low": [-np.inf], "squash": "tanh"}, "squash 'tanh' needs a finite action box, action 0 has"),
    ]
    for change, message in changes:
        with pytest.raises(ValueError, match=message):
            make(**{"sizes": [3, 1], **good, **change})
