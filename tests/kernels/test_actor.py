"""EpisodeActor against its NumPy twin, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference import noise, policy

from bierl_fast._native import core
from bierl_fast.messages import F32, F64, NoiseKey

KEY = NoiseKey(3, 4)
SIZES, STEPS = (3, 5, 2), 40

LOW, HIGH = np.array([-1, -0.5], np.float32), np.array([1, 2], np.float32)


def shape(action_noise: str = "evolved", squash: str = "tanh") -> Any:
    return core.PolicyShape(list(SIZES), "tanh", LOW.tolist(), HIGH.tolist(), squash, action_noise, -1.0)


def parameters(count: int) -> F32:
    return np.random.default_rng(0).normal(size=count).astype(np.float32)


def begin(actor: Any, theta: F32 | None, explore: bool = True, **changes: Any) -> None:
    given = {"moments": None, "descriptor": None, "row": 7, **changes}
    actor.begin(core.Normalizer(), theta, KEY, given["row"], explore, given["moments"], given["descriptor"])


def test_an_episode_equals_its_twin() -> None:
    """Statistics, noise past a tile, box and descriptor; act in one call or in two halves."""
    compiled = shape()
    theta = parameters(compiled.parameter_count)
    eps_ta = noise.normals(KEY, 7, STEPS * 2, noise.PURPOSE_ACTION).reshape(STEPS, 2)
    std = np.exp(theta[-2:].astype(np.float64)).astype(np.float32)
    observation_to = np.random.default_rng(1).normal(size=(STEPS, 3))
    seen: tuple[F64, F64, F64] = (np.zeros(1), np.zeros(3), np.zeros(3))
    descriptor = np.zeros(8)
    actor, halves = (core.EpisodeActor(compiled, "actions") for _ in range(2))
    begin(actor, theta, moments=seen, descriptor=descriptor)
    begin(halves, theta)
    taken = []
    for observation, eps in zip(observation_to, eps_ta, strict=True):
        action, other, read = np.zeros(2, np.float32), np.zeros(2, np.float32), np.zeros(3, np.float32)
        assert actor.act(observation, action) is True
        output = policy.forward(SIZES, "tanh", theta, observation.astype(np.float32))
        inside = policy.into_box(output, LOW, HIGH, "tanh")
        # The standard deviation's exp is libm's in float32, within an ulp of the rounded one.
        np.testing.assert_allclose(action, np.clip(inside + std * eps, LOW, HIGH), rtol=1e-6, atol=1e-6)
        assert halves.observe(observation, read) is True
        np.testing.assert_array_equal(read, observation.astype(np.float32))
        other[:] = output
        assert halves.respond(other) is True
        np.testing.assert_array_equal(other, action)
        taken.append(action)
    assert actor.finish(observation_to[0]) is True
    np.testing.assert_array_equal(descriptor.reshape(4, 2), np.stack([taken[i] for i in (0, 1, -2, -1)]))
    mean, m2 = policy.moments(observation_to)
    assert seen[0] == STEPS
    np.testing.assert_allclose(seen[1], mean, atol=1e-14)  # a few float64 roundings of numbers near 1
    np.testing.assert_allclose(seen[2], m2, rtol=1e-13)


def test_without_exploration_it_is_the_policy() -> None:
    compiled = shape("fixed", "clip")
    theta = parameters(compiled.parameter_count)
    actor = core.EpisodeActor(compiled, "final_observation")
    descriptor, action, expected = np.zeros(3), np.zeros(2, np.float32), np.zeros(2, np.float32)
    begin(actor, theta, explore=False, descriptor=descriptor)
    observation = np.array([0.5, -1.0, 2.0])
    actor.act(observation, action)
    compiled.act(core.Normalizer(), theta, observation, expected)
    np.testing.assert_array_equal(action, expected)
    actor.finish(observation + 1)
    np.testing.assert_array_equal(descriptor, observation + 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_it_says_what_is_not_finite(value: float) -> None:
    compiled = shape("none", "clip")
    actor = core.EpisodeActor(compiled, "none")
    action = np.zeros(2, np.float32)
    begin(actor, parameters(compiled.parameter_count))
    assert actor.act(np.array([0.0, value, 0.0]), action) is False
    assert actor.finish(np.array([0.0, value, 0.0])) is False
    action[0] = np.nan
    assert actor.respond(action) is False


def test_bad_input() -> None:
    compiled = shape()
    theta, action = parameters(compiled.parameter_count), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="no behavior named 'final'"):
        core.EpisodeActor(compiled, "final")
    with pytest.raises(ValueError, match="an environment of Python's has no final_position"):
        core.EpisodeActor(compiled, "final_position")
    actor = core.EpisodeActor(compiled, "actions")
    with pytest.raises(ValueError, match="begin an episode first"):
        actor.act(np.zeros(3), action)
    with pytest.raises(ValueError, match="begin an episode first"):
        actor.respond(action)
    with pytest.raises(ValueError, match=r"parameters must be .* got shape \(3,\)"):
        begin(actor, np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="evolved action noise needs the compiled policy's parameters"):
        begin(actor, None)
    with pytest.raises(ValueError, match=r"descriptor must be .* got shape \(3,\)"):
        begin(actor, theta, descriptor=np.zeros(3))
    with pytest.raises(ValueError, match="moments has 2 elements, expected 3"):
        begin(actor, theta, moments=(np.zeros(1), np.zeros(3)))
    begin(actor, theta)
    with pytest.raises(TypeError, match=r"observation must be .* got dtype float32"):
        actor.act(np.zeros(3, np.float32), action)
    ours = core.EpisodeActor(shape("none"), "none")
    begin(ours, None)
    with pytest.raises(ValueError, match="use observe and respond"):
        ours.act(np.zeros(3), action)
