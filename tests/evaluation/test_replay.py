"""Rows of a training rollout replayed in Gymnasium: same resets, same parameters, the compiled policy."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from helpers.populations import population
from helpers.tolerance import tolerance

import bierl_fast as bf
from bierl_fast.evaluation.base import Policy
from bierl_fast.messages import NoiseKey

# Bit for bit where Gymnasium's own physics and observations are (parity/tolerance.py). Reacher's and the double
# pendulum's observations may differ by two ulp, which the closed loop feeds back: see `allowed`.
TASKS = [
    "InvertedPendulum-v5",
    "InvertedDoublePendulum-v5",
    "Reacher-v5",
    "Swimmer-v5",
    "Hopper-v5",
    "HalfCheetah-v5",
    "Walker2d-v5",
    "Ant-v5",
]
STEPS = 100


def allowed(task: str, rewards: list[float]) -> float:
    """What a return may differ by.

    Rewards: their allowance in ulp of the largest reward, each step. Observations: 2 ulp come back through policy and
    physics; 100 steps of the two small tasks multiply them by less than 10**5 (measured below 10**3).
    """
    table = tolerance(task)
    largest = max(map(abs, rewards))
    growth = 1e5 if table.observation_ulp else 0.0
    return len(rewards) * float(np.spacing(largest)) * (table.reward_ulp + growth * table.observation_ulp)


def replay(env: gymnasium.Env[Any, Any], policy: Policy, seed: int) -> list[float]:
    observation, _ = env.reset(seed=seed)
    rewards: list[float] = []
    while len(rewards) < STEPS:
        observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
        rewards.append(float(reward))
        if terminated or truncated:
            break
    return rewards


@pytest.mark.parametrize("task", TASKS)
def test_rows_replay(task: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After two absorbed generations, so that observations are normalised by statistics of the training itself."""
    monkeypatch.chdir(tmp_path)  # Gymnasium's side writes MUJOCO_LOG.TXT
    evaluator = bf.make_evaluator(task, hidden=(16, 16), threads=2, episode_cap=STEPS)
    theta = evaluator.policy.initial_parameters(1)
    for generation in range(2):
        evaluator.absorb(evaluator.evaluate(population(theta, 8, 0.3, NoiseKey(5, generation))))
    people = population(theta, 6, 0.3, NoiseKey(5, 2))
    batch = evaluator.evaluate(people)
    official = gymnasium.make(task, disable_env_checker=True)
    native = bf.NativeEnv(task)
    for row in range(people.rows):
        policy = evaluator.policy.with_parameters(evaluator.parameters(people, row))
        seed = evaluator.reset_seed(people, row)
        rewards = replay(native, policy, seed)
        assert len(rewards) == batch.lengths_r[row]
        assert sum(rewards) == batch.returns_r[row]  # one C++ object, one order of the sum
        rewards = replay(official, policy, seed)
        assert len(rewards) == batch.lengths_r[row]
        assert abs(sum(rewards) - batch.returns_r[row]) <= allowed(task, rewards)
    assert len(np.unique(batch.returns_r)) > 1  # the pendulum counts whole steps, so some are equal


def test_episodes_end_where_gymnasiums_end() -> None:
    """Termination and the registered limit, without a cap: falls of Hopper, the whole 1000 steps of HalfCheetah."""
    for task, ends in (("Hopper-v5", True), ("HalfCheetah-v5", False)):
        evaluator = bf.make_evaluator(task, hidden=(), threads=2)
        theta = evaluator.policy.initial_parameters()
        people = population(theta, 2, 0.1)
        batch = evaluator.evaluate(people)
        env = gymnasium.make(task)
        for row in range(2):
            policy = evaluator.policy.with_parameters(evaluator.parameters(people, row))
            observation, _ = env.reset(seed=evaluator.reset_seed(people, row))
            total, steps, over, terminated = 0.0, 0, False, False
            while not over:
                observation, reward, terminated, truncated, _ = env.step(policy.act(observation))
                total, steps, over = total + float(reward), steps + 1, terminated or truncated
            assert (steps, total) == (batch.lengths_r[row], batch.returns_r[row])
            assert terminated == ends


def test_parameters_are_base_plus_noise() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", hidden=(4,), threads=1)
    theta = evaluator.policy.initial_parameters(3)
    scale = np.linspace(0.5, 2, theta.size).astype(np.float32)
    bases = np.stack([theta, -theta])
    for scales in (None, np.stack([scale, 3 * scale])):
        people = population(theta, 4, base_bp=bases, base_r=np.array([0, 0, 1, 1], np.int32), scale_bp=scales)
        people.sign_r[0] = 0
        np.testing.assert_array_equal(evaluator.parameters(people, 0), theta)
        for row, base, sign in ((1, 0, -1), (2, 1, 1), (3, 1, -1)):
            expected = bf.kernels.perturb(
                bases[base], 0.1, people.key, row // 2, sign, scale=None if scales is None else scales[base]
            )
            np.testing.assert_array_equal(evaluator.parameters(people, row), expected)


def test_seeds_follow_the_address() -> None:
    evaluator = bf.make_evaluator("InvertedPendulum-v5", hidden=(), threads=1)
    theta = evaluator.policy.initial_parameters()
    keys = [NoiseKey(seed, generation, stream) for seed in (0, 1) for generation in (0, 1) for stream in bf.Stream]
    seeds = {evaluator.reset_seed(population(theta, 4, key=key), row) for key in keys for row in range(4)}
    assert len(seeds) == 2 * len(keys)  # a pair shares its episode; nothing else is shared
