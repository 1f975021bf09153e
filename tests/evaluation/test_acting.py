"""What `act` takes for an observation: whatever means real numbers, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

import bierl_fast as bf


def compiled() -> Any:
    with bf.make_evaluator("Swimmer-v5", hidden=(3,), threads=1) as evaluator:  # type: ignore[attr-defined]
        policy = evaluator.policy
    return policy.with_parameters(policy.initial_parameters(seed=1))


def of_torch() -> Any:
    module = bf.TorchPolicy(torch.nn.Linear(8, 2))
    return module.with_spec(compiled().spec)


POLICIES = pytest.mark.parametrize("make", [compiled, of_torch])
NUMBERS = [0.5, -1.0, 2.0, 0.25, 3.0, 0.0, 1.0, -4.0]


@POLICIES
@pytest.mark.parametrize(
    "same",
    [
        tuple(NUMBERS),
        np.array(NUMBERS, np.float32),
        np.array(NUMBERS, object),
        [Fraction(x) for x in NUMBERS],
        torch.tensor(NUMBERS),
    ],
)
def test_what_means_numbers(make: Callable[[], Any], same: Any) -> None:
    policy = make()
    np.testing.assert_array_equal(policy.act(same), policy.act(np.array(NUMBERS)))


@POLICIES
@pytest.mark.parametrize(
    "other",
    [
        np.array([1.0, None] * 4),
        np.array(["1"] * 8),
        np.array([b"1"] * 8, object),
        np.zeros(8, np.complex64),
        [[1.0], [1.0, 2.0]],
        {"position": NUMBERS},
        None,
        "12345678",
        np.zeros(8, "M8[s]"),
        torch.zeros(8, requires_grad=True),
    ],
)
def test_what_means_none(make: Callable[[], Any], other: Any) -> None:
    with pytest.raises(
        bf.ArgumentTypeError, match=r"^observation must be real numbers of shape \(8,\), got "
    ) as caught:
        make().act(other)
    assert "\n" not in str(caught.value)


@POLICIES
@pytest.mark.parametrize("other", [NUMBERS[:7], [[NUMBERS]], 1.0, np.zeros((2, 4)), []])
def test_another_shape(make: Callable[[], Any], other: Any) -> None:
    with pytest.raises(bf.ArgumentError, match=r"^observation must have shape \(8,\), got \("):
        make().act(other)


@pytest.mark.parametrize("make", [compiled, lambda: compiled().numpy()])
def test_many_observations_are_answered_row_by_row(make: Callable[[], Any]) -> None:
    policy, many = make(), np.random.default_rng(0).normal(size=(5, 8))
    actions = policy.act(many)
    assert actions.dtype == np.float32
    np.testing.assert_array_equal(actions, [policy.act(row) for row in many])
    np.testing.assert_array_equal(policy.act(many.tolist()), actions)
    assert policy.act(many[:1]).shape == (1, 2)
    assert policy.act(many[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match="shape"):
        policy.act(many[None])


def test_many_choices_are_integers() -> None:
    with bf.make_evaluator("CartPole-v1", hidden=(), workers=1) as evaluator:  # type: ignore[attr-defined]
        policy = evaluator.policy
    policy = policy.with_parameters(policy.initial_parameters(seed=1) + np.arange(10, dtype=np.float32) - 5)
    many = np.random.default_rng(1).normal(size=(20, 4))
    for answered in (policy.act(many), policy.numpy().act(many)):
        assert answered.dtype == np.int64
        assert answered.tolist() == [int(policy.act(row)) for row in many]
    assert set(policy.act(many).tolist()) == {0, 1}
    assert policy.act(many[:0]).shape == policy.numpy().act(many[:0]).shape == (0,)
